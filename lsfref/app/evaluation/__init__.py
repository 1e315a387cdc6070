"""What several commands ask of a model or a label list: answers, folds, estimates."""
