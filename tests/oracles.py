"""Stages 5 to 10 as literal loops over plain numbers, from the equations; nothing from lsfref.

Arrays go in as nested sequences (or arrays, read one number at a time) and come out as lists.
"""

import math


def encode(parameters, row):
    """Return every layer of the encoder for one row: the row, hidden layers, the code."""
    layers = [[float(v) for v in row]]
    depth = sum(name.startswith("weights") for name in parameters)
    for k in range(1, depth + 1):
        weights, bias = parameters[f"weights_{k}"], parameters[f"encoder_bias_{k}"]
        layer = []
        for j in range(len(bias)):
            total = float(bias[j])
            for i, value in enumerate(layers[-1]):
                total += value * float(weights[i][j])
            layer.append(math.tanh(total) if k < depth else total)
        layers.append(layer)
    return layers


def decode(parameters, code, decoder_weights=None):
    """Return the row rebuilt from a code; `decoder_weights` replaces the tied ones, by name."""
    weights_of = parameters if decoder_weights is None else decoder_weights
    depth = sum(name.startswith("weights") for name in parameters)
    layer = list(code)
    for k in range(1, depth + 1):
        weights, bias = weights_of[f"weights_{depth + 1 - k}"], parameters[f"decoder_bias_{k}"]
        built = []
        for i in range(len(bias)):
            total = float(bias[i])
            for j, value in enumerate(layer):
                total += value * float(weights[i][j])  # transposed
            built.append(math.tanh(total) if k < depth else total)
        layer = built
    return layer


def reconstruction_loss(parameters, rows, decoder_weights=None):
    """Return the mean over rows and columns of the squared error."""
    total, n = 0.0, 0
    for row in rows:
        rebuilt = decode(parameters, encode(parameters, row)[-1], decoder_weights)
        for value, target in zip(rebuilt, row, strict=True):
            total += (value - float(target)) ** 2
            n += 1
    return total / n


def posteriors(parameters, code):
    """Return softmax of the head's outputs for one code."""
    logits = []
    for c, bias in enumerate(parameters["head_bias"]):
        total = float(bias)
        for j, value in enumerate(code):
            total += value * float(parameters["head_weights"][j][c])
        logits.append(total)
    powers = [math.exp(v - max(logits)) for v in logits]
    return [p / sum(powers) for p in powers]


def classification_loss(parameters, rows, labels):
    """Return the mean of -log p[label]."""
    total = 0.0
    for row, label in zip(rows, labels, strict=True):
        total -= math.log(posteriors(parameters, encode(parameters, row)[-1])[label])
    return total / len(labels)


def adam(value, gradients, rate):
    """Return one number after Adam has seen its gradients, one a step."""
    m = v = 0.0
    for t, g in enumerate(gradients, start=1):
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g * g
        value -= rate * (m / (1 - 0.9**t)) / (math.sqrt(v / (1 - 0.999**t)) + 1e-8)
    return value


def fair_shares(sizes, n):
    """Return how many each gets when `n` are handed out one by one to whoever has least so far."""
    shares = [0] * len(sizes)
    for _ in range(min(n, sum(sizes))):
        i = min((i for i in range(len(sizes)) if shares[i] < sizes[i]), key=lambda i: shares[i])
        shares[i] += 1
    return shares


def column_statistics(rows):
    """Return mean and population standard deviation of each column, by exactly rounded sums."""
    means, deviations = [], []
    for column in zip(*rows, strict=True):
        mean = math.fsum(float(v) for v in column) / len(column)
        square = math.fsum((float(v) - mean) ** 2 for v in column) / len(column)
        means.append(mean)
        deviations.append(math.sqrt(square))
    return means, deviations


def mean_code(parameters, rows):
    """Return the mean of the codes of all rows."""
    codes = [encode(parameters, row)[-1] for row in rows]
    return [math.fsum(column) / len(codes) for column in zip(*codes, strict=True)]


def fisher_score(pooled, labels):
    """Return Eq. (1) for each feature; zeros are decided by value (F2)."""
    scores = []
    for i in range(len(pooled[0])):
        column = [float(row[i]) for row in pooled]
        mean = math.fsum(column) / len(column)
        above = below = 0.0
        constant_within = True
        for c in sorted(set(labels)):
            own = [v for v, label in zip(column, labels, strict=True) if label == c]
            own_mean = math.fsum(own) / len(own)
            own_variance = math.fsum((v - own_mean) ** 2 for v in own) / len(own)
            above += len(own) * (own_mean - mean) ** 2
            below += len(own) * own_variance
            constant_within &= min(own) == max(own)
        if min(column) == max(column):
            scores.append(0.0)
        else:
            scores.append(math.inf if constant_within else above / below)
    return scores


def rank(scores, n_keep):
    """Return the positions of the `n_keep` largest scores, best first, ties by position."""
    left, best = list(range(len(scores))), []
    while len(best) < n_keep:
        top = left[0]
        for i in left:
            if scores[i] > scores[top]:
                top = i
        best.append(top)
        left.remove(top)
    return best


def project(feature, direction):
    """Return one scalar projection, products added in order."""
    total = 0.0
    for a, x in zip(direction, feature, strict=True):
        total += float(x) * float(a)
    return total


def squared_distance(x, y):
    """Return the sum of squared differences, added in order, in the type of the numbers."""
    total = type(x[0])(0)
    for a, b in zip(x, y, strict=True):
        total += (a - b) * (a - b)
    return total


def nearest(index, query, k):
    """Return [(squared distance, number)] of the k nearest, ties by number."""
    found = [(squared_distance(query, row), i) for i, row in enumerate(index)]
    return sorted(found)[:k]


def vote(rule, neighbors, squared, labels, n_classes):
    """Return the confidences of one query: neighbors[table][rank], squared distances alike."""
    shares = [0.0] * n_classes
    n_tables = len(neighbors)
    for t in range(n_tables):
        weights = [1 / (math.sqrt(d) + 1e-12) for d in squared[t]]
        for i, weight in zip(neighbors[t], weights, strict=True):
            label = labels[i]
            if rule == "weighted":
                shares[label] += weight / math.fsum(weights) / n_tables
            elif rule != "table" or label == t:
                shares[label] += 1
    total = sum(shares)
    if total == 0:
        return [1 / n_classes] * n_classes
    return shares if rule == "weighted" else [s / total for s in shares]
