"""What the study modules compute, as literal loops over the equations."""

import math


def log_density(x, weight, mean, variance):
    total = math.log(weight)
    for value, center, spread in zip(x, mean, variance, strict=True):
        total -= 0.5 * (math.log(2 * math.pi * spread) + (value - center) ** 2 / spread)
    return total


def posteriors(rows, weights, means, variances):
    """Return r[t][k] and the log-likelihood of all rows."""
    table, likelihood = [], 0.0
    for x in rows:
        logs = [log_density(x, *part) for part in zip(weights, means, variances, strict=True)]
        peak = max(logs)
        total = sum(math.exp(value - peak) for value in logs)
        likelihood += peak + math.log(total)
        table.append([math.exp(value - peak) / total for value in logs])
    return table, likelihood


def em_step(rows, weights, means, variances, floor):
    r, _ = posteriors(rows, weights, means, variances)
    n, width = len(rows), len(rows[0])
    new_weights, new_means, new_variances = [], [], []
    for k in range(len(weights)):
        count = sum(r[t][k] for t in range(n))
        mean = [sum(r[t][k] * rows[t][d] for t in range(n)) / count for d in range(width)]
        spread = [
            max(sum(r[t][k] * (rows[t][d] - mean[d]) ** 2 for t in range(n)) / count, floor)
            for d in range(width)
        ]
        new_weights.append(count / n)
        new_means.append(mean)
        new_variances.append(spread)
    return new_weights, new_means, new_variances


def fisher_vector(rows, weights, means, variances):
    r, _ = posteriors(rows, weights, means, variances)
    n, width = len(rows), len(rows[0])
    d_weight, d_mean, d_variance = [], [], []
    for k in range(len(weights)):
        d_weight.append(sum(r[t][k] for t in range(n)) / n - weights[k])
        for d in range(width):
            d_mean.append(sum(r[t][k] * (rows[t][d] - means[k][d]) for t in range(n)) / n)
            d_variance.append(
                sum(r[t][k] * (variances[k][d] - (rows[t][d] - means[k][d]) ** 2) for t in range(n))
                / n
            )
    return d_weight + d_mean + d_variance


def svm_objective(rows, signs, weights, offset, cost):
    value = 0.5 * (sum(w * w for w in weights) + offset * offset)
    for x, sign in zip(rows, signs, strict=True):
        margin = sum(w * v for w, v in zip(weights, x, strict=True)) + offset
        value += cost * max(0.0, 1 - sign * margin) ** 2
    return value
