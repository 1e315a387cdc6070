"""The map of lsfref: the paper's ten stages, each in a module of its own.

stage  module           paper       out
1      video            3.1         frames_FHW
2      flow             [26]        flow_HW2
3      trajectories     2.1, [26]   points_PS2
4      descriptors      2.1, [26]   descriptors_PD
5      lsfnet           2.2, Fig 2  losses, gradients
6      switching        2.2, 3.2    parameters
7      pooling          2.3         pooled_ME
8      fisher           2.3, Eq. 1  selected_Q
9      lsh              2.4         neighbors_CMK
10     voting           2.4         confidence_MC

`pipeline` is Figure 1, `config` holds every choice that the paper leaves open, CHOICES.md says why.
"""

__version__ = "1.0.0"
