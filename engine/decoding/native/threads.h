/* A few threads that do the same work together, each its share. They wait awake for a moment, then asleep. */
#pragma once

typedef void (*Work)(const void *task, int thread, int threads);

/* Does the work on up to `wanted` threads, this one among them, and returns when all are done. From one at a time. */
void together(int wanted, Work work, const void *task);

/* Waits until every thread of the work has come here. */
void meet(int threads);
