/* Draws one token a branch from its row of logits, and says how likely it was: what engine/decoding/sampler.py does
 * for branches without top-k and top-p. A branch's draw depends on its own row, settings and stream alone.
 */
#include "threads.h"
#include "vectors.h"

#define BLOCK 64 /* weights summed at once */
#define SURE 20  /* likeliest tokens whose mean ln p is the confidence (arXiv 2508.15260, section 2) */

typedef struct {
    int64_t threads, branches, vocabulary;
    const float *logits; /* [rows, vocabulary] */
    const int64_t *rows, *seeds, *nodes, *positions; /* [branches] */
    const float *temperatures;
    float *weights; /* scratch [threads, vocabulary and BLOCK more] */
    int64_t *tokens;
    float *logprobs, *confidences;
} Draw;

static uint64_t mix(uint64_t x) {
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

/* The number in [0, 1) of engine/decoding/random_stream.py. */
static double uniform(int64_t seed, int64_t node, int64_t position) {
    const uint64_t golden = 0x9E3779B97F4A7C15u;
    uint64_t state = mix((uint64_t)seed + golden);
    state = mix(state ^ ((uint64_t)node * golden));
    state = mix(state ^ ((uint64_t)position * 0xBF58476D1CE4E5B9u + golden));
    return (double)(state >> 40) * 0x1p-24;
}

static vec part_of(const float *logits, int64_t size, int64_t at) { /* -inf beyond the last */
    vec part = all(-INFINITY);
    if (size - at >= LANES) return *(const vec *)(logits + at);
    memcpy(&part, logits + at, (size - at) * sizeof(float));
    return part;
}

/* weights[i] = e^((logits[i] - most) / temperature); returns their sum. Beyond the last they are 0. */
static double weigh(const float *logits, int64_t size, float most, float temperature, float *weights) {
    double total = 0;
    for (int64_t i = 0; i < size; i += BLOCK) {
        vec block = {};
        for (int64_t j = i; j < i + BLOCK; j += LANES) {
            vec part = j < size ? exponential((part_of(logits, size, j) - most) / temperature) : (vec){};
            *(vec *)(weights + j) = part;
            block += part;
        }
        total += sum(block);
    }
    return total;
}

/* The first token whose cumulative weight exceeds the target: one of weight 0 is never it. */
static int64_t invert(const float *weights, int64_t size, double target) {
    double before = 0;
    int64_t last = 0;
    for (int64_t i = 0; i < size; i += BLOCK) {
        vec block = {};
        for (int64_t j = i; j < i + BLOCK; j += LANES) block += *(const vec *)(weights + j);
        double after = before + sum(block);
        if (after > target || i + BLOCK >= size)
            for (int64_t j = i; j < size && j < i + BLOCK; j++) {
                if (weights[j] > 0) last = j;
                before += weights[j];
                if (before > target) return j;
            }
        before = after;
    }
    return last;
}

/* The mean of the largest logits. */
static float mean_of_largest(const float *logits, int64_t size) {
    float kept[SURE];
    int count = 0;
    for (int64_t i = 0; i < size; i += LANES) {
        if (count == SURE && !(largest(part_of(logits, size, i)) > kept[SURE - 1])) continue;
        for (int64_t j = i; j < size && j < i + LANES; j++) {
            if (count == SURE && !(logits[j] > kept[SURE - 1])) continue;
            int at = count < SURE ? count++ : SURE - 1;
            for (; at && kept[at - 1] < logits[j]; at--) kept[at] = kept[at - 1];
            kept[at] = logits[j];
        }
    }
    double total = 0;
    for (int i = 0; i < count; i++) total += kept[i] < -1e30f ? -1e30f : kept[i];
    return (float)(total / count);
}

static void run(const void *task, int thread, int threads) {
    const Draw *d = task;
    int64_t size = d->vocabulary;
    float *weights = d->weights + thread * (size + BLOCK);
    for (int64_t b = d->branches * thread / threads; b < d->branches * (thread + 1) / threads; b++) {
        const float *logits = d->logits + d->rows[b] * size;
        vec highest = all(-INFINITY);
        for (int64_t i = 0; i < size; i += LANES) highest = LARGER(highest, part_of(logits, size, i));
        float most = largest(highest);
        int64_t token = 0;
        while (token < size - 1 && logits[token] != most) token++;
        double total = weigh(logits, size, most, 1.0f, weights), lse = most + log(total);
        float temperature = d->temperatures[b];
        if (temperature > 0) {
            if (temperature != 1.0f) total = weigh(logits, size, most, temperature, weights);
            token = invert(weights, size, uniform(d->seeds[b], d->nodes[b], d->positions[b]) * total);
        }
        d->tokens[b] = token;
        d->logprobs[b] = (float)(logits[token] - lse);
        d->confidences[b] = (float)(lse - mean_of_largest(logits, size));
    }
}

void ponder_draw(const Draw *draw) { together((int)draw->threads, run, draw); }
