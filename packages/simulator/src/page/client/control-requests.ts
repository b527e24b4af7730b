/** Resolves with nothing when the simulator did it, else with the reason that it gives. */
export type Refusal = string | undefined

/** Brings a fault into force. */
export function injectFault(fault: Readonly<Record<string, unknown>>): Promise<Refusal> {
  return ask('faults', { method: 'POST', body: JSON.stringify(fault) })
}

/** Undoes the fault listed under this id. */
export function healFault(id: string): Promise<Refusal> {
  return ask(`faults/${encodeURIComponent(id)}`, { method: 'DELETE' })
}

async function ask(path: string, init: RequestInit): Promise<Refusal> {
  try {
    const answer = await fetch(path, { ...init, headers: { 'content-type': 'application/json' } })
    if (answer.ok) return undefined
    const text = await answer.text()
    return reasonIn(text) ?? `${answer.status} ${text}`
  } catch {
    return 'The simulator does not answer.'
  }
}

function reasonIn(text: string): string | undefined {
  try {
    return JSON.parse(text).error
  } catch {
    return undefined
  }
}
