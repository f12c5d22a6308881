/* One decode step of a Llama-shaped model for all rows, on the CPU: what engine/decoding/flat.py does with
 * PyTorch's operators, as one call without the cost between operators.
 *
 * A row is a token that continues a path. To read several new tokens of one path, give each a row with the same slot:
 * all keys and values of a layer are in place before any row attends to them.
 *
 * Every output is a sum in an order that depends on nothing but its own row, so a row has the same bits alone and
 * in company. Nothing here allocates: weights, keys, values and scratch belong to the caller (native/__init__.py).
 *
 * Shapes: R rows, E width, H query heads, K key-value heads, G = H / K, D head dimension (a multiple of 16), F inner
 * width. A weight of N outputs lies in panels of 32 outputs: [N / 32, inputs, 32]. A token's keys and values lie
 * together: [2, K, D].
 */
#include "threads.h"
#include "vectors.h"

#define PANEL 32
#define ROWS 8     /* rows of a product in registers at once */
#define QUERIES 6  /* queries of an attention in registers at once */
#define TOGETHER 4 /* rows whose queries go through a shared trunk together */

typedef struct {
    const float *attention_norm, *query_key_value, *bias, *query_norm, *key_norm, *out, *inner_norm, *gate_up, *down;
} Layer;

typedef struct {
    int64_t layers, width, heads, key_heads, dim, inner, vocabulary, threads;
    float eps, scale;
    const Layer *layer;
    const float *embedding, *norm, *head, *head_bias, *turns; /* turns [positions, D / 2, 2]: cosine and sine */
} Model;

typedef struct {
    const Model *model;
    int64_t rows;
    const int64_t *ids, *positions;
    float *const *slots;  /* [layers] a row: [R, layers], where its own tokens begin */
    const int64_t *own;   /* [R] own tokens before this one */
    const float *const *trunks; /* [R, layers], NULL where a row has none */
    const int64_t *trunk_tokens; /* [R] */
    const int64_t *wanted; /* the rows whose logits are wanted, each once; NULL for the first ones */
    int64_t wanted_rows;   /* at most R */
    float *x, *h, *mixed, *attended, *scores, *logits; /* scratch; scores [threads, ...]; logits [wanted rows, V] */
    int64_t scores_room;
} Step;

static void normalise(const float *x, const float *weight, float *out, int64_t size, float eps) {
    vec squares = {};
    for (int64_t i = 0; i < size; i += LANES) {
        vec part = *(const vec *)(x + i);
        squares += part * part;
    }
    float factor = 1.0f / sqrtf(sum(squares) / size + eps);
    for (int64_t i = 0; i < size; i += LANES) *(vec *)(out + i) = *(const vec *)(x + i) * factor * *(const vec *)(weight + i);
}

/* ---- products ---- */

typedef enum { STORE, ADD, GATE } Ending; /* what becomes of a product: kept, added, or gate and up joined */

static inline __attribute__((always_inline)) void tile(
    const float *x, int64_t size, const float *weight, int rows, float *out, int64_t stride, Ending ending,
    const float *bias, int64_t left, const float *soon) {
    vec low[ROWS] = {}, high[ROWS] = {};
    for (int64_t i = 0; i < size; i++) {
        if (i % 4 == 0) __builtin_prefetch(soon + i / 4 * LANES);
        vec a = *(const vec *)(weight + i * PANEL), b = *(const vec *)(weight + i * PANEL + LANES);
#pragma GCC unroll 8
        for (int r = 0; r < rows; r++) {
            vec v = all(x[r * size + i]);
            low[r] += v * a;
            high[r] += v * b;
        }
    }
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++) {
        float *to = out + r * stride;
        if (bias) {
            low[r] += *(const vec *)bias;
            high[r] += *(const vec *)(bias + LANES);
        }
        if (ending == GATE) { /* the panel holds 16 gates and their 16 ups */
            vec gate = low[r];
            ints is_negative = gate < all(0.0f);
            vec e = exponential(choose(is_negative, gate, -gate));
            *(vec *)to = gate * choose(is_negative, e, all(1.0f)) / (1.0f + e) * high[r];
        } else if (left >= PANEL) {
            if (ending == ADD) low[r] += *(vec *)to, high[r] += *(vec *)(to + LANES);
            *(vec *)to = low[r];
            *(vec *)(to + LANES) = high[r];
        } else { /* the last panel may have fewer outputs */
            float parts[PANEL];
            memcpy(parts, &low[r], sizeof low[r]);
            memcpy(parts + LANES, &high[r], sizeof high[r]);
            for (int64_t i = 0; i < left; i++) to[i] = ending == ADD ? to[i] + parts[i] : parts[i];
        }
    }
}

/* out [R, stride] (+)= x [R, size] · weight, this thread's panels of `outputs` */
static void product(const float *x, int64_t rows, int64_t size, const float *weight, const float *bias, float *out,
                    int64_t stride, int64_t outputs, Ending ending, int thread, int threads) {
    int64_t panels = (outputs + PANEL - 1) / PANEL, kept = ending == GATE ? LANES : PANEL;
    for (int64_t p = panels * thread / threads; p < panels * (thread + 1) / threads; p++) {
        const float *part = weight + p * size * PANEL, *own = bias ? bias + p * PANEL : 0;
        for (int64_t r = 0; r < rows; r += ROWS) {
            const float *from = x + r * size;
            float *to = out + r * stride + p * kept;
            int64_t left = outputs - p * PANEL;
            /* Of the next panel, a part for each of this one's eight rounds: it comes while there is much to do. */
            const float *soon = part + size * PANEL + r / ROWS % 8 * (size / 4) * LANES;
            switch (rows - r < ROWS ? rows - r : ROWS) {
                case 8: tile(from, size, part, 8, to, stride, ending, own, left, soon); break;
                case 7: tile(from, size, part, 7, to, stride, ending, own, left, soon); break;
                case 6: tile(from, size, part, 6, to, stride, ending, own, left, soon); break;
                case 5: tile(from, size, part, 5, to, stride, ending, own, left, soon); break;
                case 4: tile(from, size, part, 4, to, stride, ending, own, left, soon); break;
                case 3: tile(from, size, part, 3, to, stride, ending, own, left, soon); break;
                case 2: tile(from, size, part, 2, to, stride, ending, own, left, soon); break;
                default: tile(from, size, part, 1, to, stride, ending, own, left, soon);
            }
        }
    }
}

/* ---- attention ---- */

/* Dimensions d … d + 15 of 16 tokens' keys, turned so that a vector holds one dimension of all of them. */
static inline void turn(const float *keys, int64_t stride, int tokens, vec out[LANES]) {
    vec a[LANES], b[LANES];
    for (int t = 0; t < LANES; t++) a[t] = t < tokens ? *(const vec *)(keys + t * stride) : (vec){};
    const ints low = {0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23};
    const ints high = {8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
#define WEAVE(from, to) \
    for (int i = 0; i < LANES / 2; i++) { \
        to[2 * i] = __builtin_shuffle(from[i], from[i + LANES / 2], low); \
        to[2 * i + 1] = __builtin_shuffle(from[i], from[i + LANES / 2], high); \
    }
    WEAVE(a, b) WEAVE(b, a) WEAVE(a, b) WEAVE(b, out)
#undef WEAVE
}

/* Does something for up to QUERIES queries, their number known to the compiler. */
#define FOR_QUERIES(count, act, ...) \
    for (int q = 0; q < (count); q += QUERIES) switch ((count) - q < QUERIES ? (count) - q : QUERIES) { \
        case 6: act(6, q, __VA_ARGS__); break; \
        case 5: act(5, q, __VA_ARGS__); break; \
        case 4: act(4, q, __VA_ARGS__); break; \
        case 3: act(3, q, __VA_ARGS__); break; \
        case 2: act(2, q, __VA_ARGS__); break; \
        default: act(1, q, __VA_ARGS__); \
    }

static inline __attribute__((always_inline)) void score_some(
    int count, int q, const float *const *queries, const vec *turned, int64_t dim, float scale, ints is_beyond,
    float *scores, int64_t room, vec *most) {
    vec sums[QUERIES] = {};
    for (int64_t d = 0; d < dim; d++)
#pragma GCC unroll 6
        for (int j = 0; j < count; j++) sums[j] += queries[q + j][d] * turned[d];
#pragma GCC unroll 6
    for (int j = 0; j < count; j++) {
        vec scaled = choose(is_beyond, all(-INFINITY), sums[j] * scale);
        *(vec *)(scores + (q + j) * room) = scaled;
        most[q + j] = choose(scaled > most[q + j], scaled, most[q + j]);
    }
}

/* scores [queries, room] of queries against tokens; raises each query's `most` */
static void score(const float *const *queries, int count, const float *keys, int64_t stride, int64_t tokens,
                  int64_t dim, float scale, float *scores, int64_t room, vec *most) {
    const ints lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    vec turned[dim];
    for (int64_t t = 0; t < tokens; t += LANES) {
        int some = tokens - t < LANES ? tokens - t : LANES;
        for (int64_t d = 0; d < dim; d += LANES) turn(keys + t * stride + d, stride, some, turned + d);
        ints is_beyond = lane >= some;
        FOR_QUERIES(count, score_some, queries, turned, dim, scale, is_beyond, scores + t, room, most)
    }
}

static inline __attribute__((always_inline)) void weigh_some(
    int count, int q, const float *values, int64_t stride, int64_t tokens, const float *scores, int64_t room,
    float *const *out, int64_t d, int is_wide) {
    vec low[QUERIES], high[QUERIES];
#pragma GCC unroll 6
    for (int j = 0; j < count; j++) {
        low[j] = *(vec *)(out[q + j] + d);
        high[j] = is_wide ? *(vec *)(out[q + j] + d + LANES) : (vec){};
    }
    for (int64_t t = 0; t < tokens; t++) {
        const float *value = values + t * stride + d;
        vec a = *(const vec *)value, b = is_wide ? *(const vec *)(value + LANES) : (vec){};
#pragma GCC unroll 6
        for (int j = 0; j < count; j++) {
            vec weight = all(scores[(q + j) * room + t]);
            low[j] += weight * a;
            high[j] += weight * b;
        }
    }
#pragma GCC unroll 6
    for (int j = 0; j < count; j++) {
        *(vec *)(out[q + j] + d) = low[j];
        if (is_wide) *(vec *)(out[q + j] + d + LANES) = high[j];
    }
}

/* scores become e^(score - most); each query's `total` grows by them, its `out` by the values they weigh */
static void weigh(int count, const float *values, int64_t stride, int64_t tokens, int64_t dim, float *scores,
                  int64_t room, const float *most, vec *total, float *const *out) {
    for (int q = 0; q < count; q++)
        for (int64_t t = 0; t < tokens; t += LANES) {
            vec *some = (vec *)(scores + q * room + t);
            total[q] += *some = exponential(*some - most[q]);
        }
    for (int64_t d = 0; d < dim; d += 2 * LANES)
        if (d + LANES < dim) {
            FOR_QUERIES(count, weigh_some, values, stride, tokens, scores, room, out, d, 1)
        } else {
            FOR_QUERIES(count, weigh_some, values, stride, tokens, scores, room, out, d, 0)
        }
}

/* Queries of one key-value head of `rows` rows from `first` on, which share their trunk if they have one. */
static void attend(const Model *m, const Step *s, int64_t layer, int64_t first, int rows, int64_t head, float *scores) {
    int64_t dim = m->dim, groups = m->heads / m->key_heads, stride = 2 * m->key_heads * dim, room = s->scores_room;
    int64_t mixed = (m->heads + 2 * m->key_heads) * dim;
    int count = rows * groups;
    const float *queries[count];
    float *out[count], most[count];
    vec total[count], highest[count];
    for (int i = 0; i < count; i++) {
        int64_t row = first + i / groups, query = head * groups + i % groups;
        queries[i] = s->mixed + row * mixed + query * dim;
        out[i] = s->attended + row * m->heads * dim + query * dim;
        memset(out[i], 0, dim * sizeof(float));
        total[i] = (vec){};
        highest[i] = all(-INFINITY);
    }
    const float *trunk = s->trunks[first * m->layers + layer];
    int64_t above = trunk ? s->trunk_tokens[first] : 0, at = (above + LANES - 1) / LANES * LANES;
    if (trunk) score(queries, count, trunk + head * dim, stride, above, dim, m->scale, scores, room, highest);
    for (int r = 0; r < rows; r++) {
        const float *own = s->slots[(first + r) * m->layers + layer] + head * dim;
        score(queries + r * groups, groups, own, stride, s->own[first + r] + 1, dim, m->scale,
              scores + r * groups * room + at, room, highest + r * groups);
    }
    for (int i = 0; i < count; i++) most[i] = largest(highest[i]);
    if (trunk) weigh(count, trunk + (m->key_heads + head) * dim, stride, above, dim, scores, room, most, total, out);
    for (int r = 0; r < rows; r++) {
        const float *own = s->slots[(first + r) * m->layers + layer] + (m->key_heads + head) * dim;
        weigh(groups, own, stride, s->own[first + r] + 1, dim, scores + r * groups * room + at, room,
              most + r * groups, total + r * groups, out + r * groups);
    }
    for (int i = 0; i < count; i++) {
        float share = 1.0f / sum(total[i]);
        for (int64_t d = 0; d < dim; d += LANES) *(vec *)(out[i] + d) *= share;
    }
}

static void rotate(float *head, const float *turns, int64_t dim) {
    for (int64_t i = 0; i < dim; i += 2) {
        float a = head[i], b = head[i + 1];
        head[i] = a * turns[i] - b * turns[i + 1];
        head[i + 1] = a * turns[i + 1] + b * turns[i];
    }
}

/* A row's heads: normed where the model norms them, rotated, and the keys and values put into its slot. */
static void place(const Model *m, const Step *s, const Layer *weights, int64_t layer, int64_t row) {
    int64_t dim = m->dim, heads = m->heads + m->key_heads;
    float *mixed = s->mixed + row * (heads + m->key_heads) * dim;
    const float *turns = m->turns + s->positions[row] * dim;
    for (int64_t h = 0; h < heads; h++) {
        const float *norm = h < m->heads ? weights->query_norm : weights->key_norm;
        if (norm) normalise(mixed + h * dim, norm, mixed + h * dim, dim, m->eps);
        rotate(mixed + h * dim, turns, dim);
    }
    int64_t both = 2 * m->key_heads * dim;
    memcpy(s->slots[row * m->layers + layer] + s->own[row] * both, mixed + m->heads * dim, both * sizeof(float));
}

/* ---- the step ---- */

static void run(const void *task, int thread, int threads) {
    const Step *s = task;
    const Model *m = s->model;
    int64_t rows = s->rows, width = m->width, mixed = (m->heads + 2 * m->key_heads) * m->dim;
    int64_t from = rows * thread / threads, to = rows * (thread + 1) / threads;
    float *scores = s->scores + thread * TOGETHER * (m->heads / m->key_heads) * s->scores_room;
    for (int64_t r = from; r < to; r++) memcpy(s->x + r * width, m->embedding + s->ids[r] * width, width * sizeof(float));
    for (int64_t l = 0; l < m->layers; l++) {
        const Layer *w = m->layer + l;
        for (int64_t r = from; r < to; r++) normalise(s->x + r * width, w->attention_norm, s->h + r * width, width, m->eps);
        meet(threads);
        product(s->h, rows, width, w->query_key_value, w->bias, s->mixed, mixed, mixed, STORE, thread, threads);
        meet(threads);
        for (int64_t r = from; r < to; r++) place(m, s, w, l, r);
        meet(threads);
        int64_t task = 0;
        for (int64_t r = 0; r < rows;) {
            int some = 1;
            const float *trunk = s->trunks[r * m->layers + l];
            while (trunk && some < TOGETHER && r + some < rows && s->trunks[(r + some) * m->layers + l] == trunk &&
                   s->trunk_tokens[r + some] == s->trunk_tokens[r])
                some++;
            for (int64_t k = 0; k < m->key_heads; k++)
                if (task++ % threads == thread) attend(m, s, l, r, some, k, scores);
            r += some;
        }
        meet(threads);
        product(s->attended, rows, m->heads * m->dim, w->out, 0, s->x, width, width, ADD, thread, threads);
        meet(threads);
        for (int64_t r = from; r < to; r++) normalise(s->x + r * width, w->inner_norm, s->h + r * width, width, m->eps);
        meet(threads);
        product(s->h, rows, width, w->gate_up, 0, s->mixed, m->inner, 2 * m->inner, GATE, thread, threads);
        meet(threads);
        product(s->mixed, rows, m->inner, w->down, 0, s->x, width, width, ADD, thread, threads);
        meet(threads);
    }
    int64_t outputs = s->wanted_rows;
    for (int64_t i = outputs * thread / threads; i < outputs * (thread + 1) / threads; i++) {
        int64_t r = s->wanted ? s->wanted[i] : i;
        normalise(s->x + r * width, m->norm, s->h + i * width, width, m->eps);
    }
    meet(threads);
    product(s->h, outputs, width, m->head, m->head_bias, s->logits, m->vocabulary, m->vocabulary, STORE, thread, threads);
}

void ponder_step(const Step *step) { together((int)step->model->threads, run, step); }
