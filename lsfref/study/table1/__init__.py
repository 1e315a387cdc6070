"""The rows of Table 1 and Figure 3: the representations that the paper compares with."""
