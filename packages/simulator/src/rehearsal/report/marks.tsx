interface MarksProps {
  readonly times: readonly number[]
  readonly x: (ms: number) => number
  readonly top: number
  readonly bottom: number
}

/** Lines at the moments that the list of events numbers. */
export function Marks({ times, x, top, bottom }: MarksProps) {
  return (
    <>
      {times.map((ms, index) => (
        <line key={`${ms} ${index}`} class="mark" x1={x(ms)} x2={x(ms)} y1={top} y2={bottom} />
      ))}
    </>
  )
}
