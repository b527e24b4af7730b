/** To be called `count` times: the last time, or at once where there is nothing to count, it calls `done`. */
export function countDown(count: number, done: () => void): () => void {
  let left = count
  if (left === 0) done()
  return () => {
    if (--left === 0) done()
  }
}
