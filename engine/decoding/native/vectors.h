/* Vectors of 16 floats: GCC's and Clang's own, so the same text serves AVX-512, AVX2 and NEON. */
#pragma once
#include <math.h>
#include <stdint.h>
#include <string.h>

#define LANES 16

typedef float vec __attribute__((vector_size(64), aligned(4)));
typedef int32_t ints __attribute__((vector_size(64), aligned(4)));

static inline vec all(float x) { return x - (vec){}; }

static inline vec choose(ints where, vec a, vec b) { return (vec)((where & (ints)a) | (~where & (ints)b)); }

/* Folds the upper half of a vector onto the lower one, again and again; always in the same order. */
#define FOLD(a, act) \
    do { \
        const ints eight = {8, 9, 10, 11, 12, 13, 14, 15}, four = {4, 5, 6, 7}, two = {2, 3}, one = {1}; \
        vec other = __builtin_shuffle(a, eight); \
        a = act(a, other), other = __builtin_shuffle(a, four); \
        a = act(a, other), other = __builtin_shuffle(a, two); \
        a = act(a, other), other = __builtin_shuffle(a, one); \
        a = act(a, other); \
    } while (0)
#define PLUS(a, b) ((a) + (b))
#define LARGER(a, b) choose((b) > (a), b, a)

static inline float sum(vec a) {
    FOLD(a, PLUS);
    return a[0];
}

static inline float largest(vec a) {
    FOLD(a, LARGER);
    return a[0];
}

static inline vec exponential(vec x) { /* e^x for x <= 0, to a few units in the last place; 0 below e^-87 */
    const vec magic = all(12582912.0f);
    ints is_nothing = x < all(-87.0f);
    x = choose(is_nothing, all(-87.0f), x);
    vec n = (x * 1.44269504f + magic) - magic;
    vec r = x - n * 0.693359375f + n * 2.12194440e-4f;
    vec p = all(1.9875691500e-4f);
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    ints power = (__builtin_convertvector(n, ints) + 127) << 23;
    return choose(is_nothing, (vec){}, p * (vec)power);
}
