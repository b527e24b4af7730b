import { render } from 'preact'
import { App } from './app.js'
import { LiveCluster } from './live-cluster.js'

const root = document.getElementById('app')
if (root) {
  root.replaceChildren()
  const cluster = new LiveCluster((view) => render(<App view={view} />, root))
  render(<App view={cluster.view} />, root)
  cluster.open()
}
