import { useState } from 'preact/hooks'
import type { ClusterState } from '../../control/cluster-state.js'

/** How long the button says that it has copied. */
const copiedForMs = 1500

/** How to get in with the command-line client, and a button that copies it. */
export function ConnectionLine({ state }: { readonly state: ClusterState }) {
  const [isCopied, setCopied] = useState(false)
  const { host, port, user, database } = state.connection
  const text = `mysql -h ${host} -P ${port} -u ${user} -p ${database}`
  const copy = async () => {
    await navigator.clipboard.writeText(text)
    setCopied(true)
    setTimeout(() => setCopied(false), copiedForMs)
  }
  return (
    <p class="connection">
      <code>{text}</code>
      <button type="button" onClick={() => void copy()}>
        {isCopied ? 'Copied' : 'Copy'}
      </button>
    </p>
  )
}
