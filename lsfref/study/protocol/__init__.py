"""How methods are compared: splits, rounds, questions, outcomes, and the tests between them."""
