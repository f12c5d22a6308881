#include "threads.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

#define MOST_THREADS 64
#define SPINS 4000 /* looks at a flag before a thread goes to sleep: tens of microseconds */

static struct {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    atomic_int round, arrived, phase;
    int started, threads, born[MOST_THREADS]; /* the round in which each thread was made */
    Work work;
    const void *task;
} pool = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0, 0, 1, 1, {0}, 0, 0};

static inline void relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

void meet(int threads) {
    if (threads == 1) return;
    int phase = atomic_load(&pool.phase);
    if (atomic_fetch_add(&pool.arrived, 1) == threads - 1) {
        atomic_store(&pool.arrived, 0);
        atomic_fetch_add(&pool.phase, 1);
        return;
    }
    for (int64_t spins = 0; atomic_load(&pool.phase) == phase; spins++) {
        relax();
        if (spins > SPINS && spins % 64 == 0) { /* another program has the other core: let it finish */
            struct timespec nap = {0, 1000};
            nanosleep(&nap, 0);
        }
    }
}

static void *serve(void *argument) {
    int thread = (int)(intptr_t)argument, seen = pool.born[thread];
    for (;;) {
        for (int spins = 0; atomic_load(&pool.round) == seen; spins++) {
            if (spins < SPINS) {
                relax();
                continue;
            }
            pthread_mutex_lock(&pool.lock);
            while (atomic_load(&pool.round) == seen) pthread_cond_wait(&pool.wake, &pool.lock);
            pthread_mutex_unlock(&pool.lock);
        }
        seen = atomic_load(&pool.round);
        int threads = pool.threads;
        if (thread < threads) {
            pool.work(pool.task, thread, threads);
            meet(threads);
        }
    }
    return 0;
}

static void forget(void) { pool.started = 1; } /* a forked child has none of the threads */

void together(int wanted, Work work, const void *task) {
    static int is_watching;
    if (!is_watching) is_watching = !pthread_atfork(0, 0, forget);
    while (pool.started < wanted && pool.started < MOST_THREADS) {
        pthread_t thread;
        pool.born[pool.started] = atomic_load(&pool.round);
        if (pthread_create(&thread, 0, serve, (void *)(intptr_t)pool.started)) break;
        pthread_detach(thread);
        pool.started++;
    }
    int threads = wanted < pool.started ? wanted : pool.started;
    if (threads == 1) {
        work(task, 0, 1);
        return;
    }
    pool.threads = threads;
    pool.work = work;
    pool.task = task;
    pthread_mutex_lock(&pool.lock);
    atomic_fetch_add(&pool.round, 1);
    pthread_cond_broadcast(&pool.wake);
    pthread_mutex_unlock(&pool.lock);
    work(task, 0, threads);
    meet(threads);
}
