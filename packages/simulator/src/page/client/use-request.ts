import { useState } from 'preact/hooks'
import type { Refusal } from './control-requests.js'

/** One request at a time, and why the last one was refused. */
export function useRequest() {
  const [refusal, setRefusal] = useState<Refusal>()
  const [isBusy, setBusy] = useState(false)
  const send = async (ask: () => Promise<Refusal>) => {
    setBusy(true)
    setRefusal(undefined)
    setRefusal(await ask())
    setBusy(false)
  }
  return { refusal, isBusy, send: (ask: () => Promise<Refusal>) => void send(ask) }
}
