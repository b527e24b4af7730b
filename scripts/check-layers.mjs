// Usage: node scripts/check-layers.mjs

import { layerViolations } from './layers.mjs'
import { root } from './workspace.mjs'

const violations = layerViolations(root)
for (const violation of violations) console.error(violation)
process.exitCode = violations.length === 0 ? 0 : 1
