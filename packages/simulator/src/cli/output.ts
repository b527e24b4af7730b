/** Where a command writes; one line each, without its end. */
export interface Output {
  line(text?: string): void
}
