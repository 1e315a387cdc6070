/* Stage 8 of 10 in standard C: Fisher scores, and the features that are kept.

   fisher CASE OUT reads CASE/pooled_ME.npy, labels_M.npy and top_percent.npy (a folder of
   golden/08_fisher), computes both outputs, says whether they are the stored ones, and writes
   OUT/scores_E.npy and OUT/selected_Q.npy, which `run.py conform` accepts.  See run.sh beside it. */

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Return the entries of a tensor (free them) and its shape; NULL if it is not one of `descr`,
   "'<f8'" or "'<i8'": 8 bytes an entry, the last axis fastest. For little-endian machines. */
static void *read_npy(const char *path, const char *descr, long shape[8])
{
    unsigned char magic[10];
    char header[65536], *at, *data = NULL;
    size_t size, axis, count = 1;
    FILE *file = fopen(path, "rb");
    if (file && fread(magic, 1, 10, file) == 10 && !memcmp(magic, "\x93NUMPY\x01\x00", 8)) {
        size = magic[8] + 256 * (size_t)magic[9];
        header[fread(header, 1, size, file)] = '\0';
        at = strstr(header, "'shape': (");
        if (at && strstr(header, descr) && strstr(header, "'fortran_order': False")) {
            at += strlen("'shape': (");
            for (axis = 0; axis < 8 && *at != ')'; axis++) {
                shape[axis] = strtol(at, &at, 10);
                count *= (size_t)shape[axis];
                at += strspn(at, ", ");
            }
            data = malloc(8 * count + 1);
            if (data && fread(data, 8, count, file) != count) {
                free(data);
                data = NULL;
            }
        }
    }
    if (file) fclose(file);
    return data;
}

/* Write one row of entries; return 0 where it cannot be written. */
static int write_npy(const char *path, const char *descr, const void *data, long count)
{
    char header[119];
    int good, length;
    FILE *file = fopen(path, "wb");
    if (!file) return 0;
    length = snprintf(header, sizeof header,
                      "{'descr': %s, 'fortran_order': False, 'shape': (%ld,), }", descr, count);
    memset(header + length, ' ', 117 - (size_t)length);
    header[117] = '\n'; /* 10 bytes and these 118: the entries begin at byte 128 */
    good = fwrite("\x93NUMPY\x01\x00\x76\x00", 1, 10, file) == 10
        && fwrite(header, 1, 118, file) == 118
        && fwrite(data, 8, (size_t)count, file) == (size_t)count;
    return !fclose(file) && good;
}

/* Paper Eq. (1) for one feature, x[m * step] of video m:
   sum over classes of n_c (mean_c - mean)^2 over sum of n_c sd_c^2, sd over n_c, not n_c - 1. */
static double fisher_score(const double *x, long step, const int64_t *label, long n_videos)
{
    double low = x[0], high = x[0], mean = 0, between = 0, within = 0;
    int64_t c, n_classes = 0;
    int exponent, varies = 0;
    long m;
    for (m = 0; m < n_videos; m++) {
        low = fmin(low, x[m * step]);
        high = fmax(high, x[m * step]);
        if (label[m] >= n_classes) n_classes = label[m] + 1;
    }
    frexp(fmax(-low, high), &exponent); /* squares of 1e200 are too large: scale by 2^-exponent */
    for (m = 0; m < n_videos; m++) mean += ldexp(x[m * step], -exponent) / (double)n_videos;
    for (c = 0; c < n_classes; c++) {
        double class_mean = 0, least = INFINITY, most = -INFINITY;
        long n = 0;
        for (m = 0; m < n_videos; m++) n += label[m] == c;
        for (m = 0; m < n_videos; m++)
            if (label[m] == c) class_mean += ldexp(x[m * step], -exponent) / (double)n;
        for (m = 0; m < n_videos; m++)
            if (label[m] == c) {
                double apart = ldexp(x[m * step], -exponent) - class_mean;
                within += apart * apart;
                least = fmin(least, x[m * step]);
                most = fmax(most, x[m * step]);
            }
        between += (double)n * (class_mean - mean) * (class_mean - mean);
        varies |= most > least; /* by value: the computed deviation of 0.1 0.1 0.1 is not 0 */
    }
    if (varies) return between / within;
    return high > low ? INFINITY : 0;
}

static char *join(const char *folder, const char *name)
{
    static char path[4096];
    snprintf(path, sizeof path, "%s/%s.npy", folder, name);
    return path;
}

int main(int argc, char **argv)
{
    long shape[8], kept_shape[8], n_videos, n_features, n_kept, e, i;
    double *pooled, *share, *scores, *wanted, scale = 0, worst = 0;
    int64_t *label, *selected, *wanted_order;
    int good = 1;
    if (argc != 3) return fprintf(stderr, "usage: fisher CASE OUT\n"), 2;
    label = read_npy(join(argv[1], "labels_M"), "'<i8'", shape);
    share = read_npy(join(argv[1], "top_percent"), "'<f8'", shape);
    wanted = read_npy(join(argv[1], "scores_E"), "'<f8'", shape);
    wanted_order = read_npy(join(argv[1], "selected_Q"), "'<i8'", kept_shape);
    pooled = read_npy(join(argv[1], "pooled_ME"), "'<f8'", shape);
    if (!label || !share || !wanted || !wanted_order || !pooled)
        return fprintf(stderr, "%s: not a case of stage 8\n", argv[1]), 2;
    n_videos = shape[0];
    n_features = shape[1];
    scores = malloc(8 * (size_t)n_features);
    selected = malloc(8 * (size_t)n_features);
    if (!scores || !selected) return fprintf(stderr, "out of memory\n"), 2;

    for (e = 0; e < n_features; e++) {
        scores[e] = fisher_score(pooled + e, n_features, label, n_videos);
        for (i = e; i > 0 && scores[selected[i - 1]] < scores[e]; i--) /* of equals, the lower */
            selected[i] = selected[i - 1];
        selected[i] = e;
    }
    n_kept = (long)ceil((double)n_features * *share / 100);
    if (n_kept < 1) n_kept = 1;

    for (e = 0; e < n_features; e++)
        if (isfinite(wanted[e])) scale = fmax(scale, fabs(wanted[e]));
    for (e = 0; e < n_features; e++)
        if (isfinite(wanted[e]) && isfinite(scores[e]))
            worst = fmax(worst, fabs(scores[e] - wanted[e]));
        else
            good &= scores[e] == wanted[e];
    good &= worst <= 1e-9 * scale && n_kept == kept_shape[0];
    for (i = 0; good && i < n_kept; i++) good = selected[i] == wanted_order[i];
    good &= write_npy(join(argv[2], "scores_E"), "'<f8'", scores, n_features);
    good &= write_npy(join(argv[2], "selected_Q"), "'<i8'", selected, n_kept);
    printf("%s  %s  off by %.1e of %.1e\n", good ? "OK  " : "FAIL", argv[1], worst, scale);
    free(pooled), free(label), free(share), free(scores), free(selected);
    free(wanted), free(wanted_order);
    return !good;
}
