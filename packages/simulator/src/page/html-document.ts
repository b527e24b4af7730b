import { createHash } from 'node:crypto'

/** What a page of ours is made of; everything in it is part of the page itself. */
export interface HtmlParts {
  readonly title: string
  /** Style sheet. */
  readonly style: string
  /** Script that runs once the body is there. Default: none. */
  readonly script?: string
  /** Markup of the body; the caller has escaped what came from outside. */
  readonly body: string
}

/** A page and the only policy that it needs. */
export interface HtmlDocument {
  readonly html: string
  /** Content-Security-Policy: the page's own style and script and nothing else; a script may talk to its own origin. */
  readonly policy: string
}

/** Puts a page together that loads nothing from anywhere. */
export function htmlDocument({ title, style, script, body }: HtmlParts): HtmlDocument {
  const directives = ["default-src 'none'", `style-src ${hashOf(style)}`]
  if (script !== undefined) directives.push(`script-src ${hashOf(script)}`, "connect-src 'self'")
  // An icon of one pixel in the page keeps browsers from asking for one.
  directives.push('img-src data:', "base-uri 'none'", "form-action 'none'")
  const policy = directives.join('; ')
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
${body}
${script === undefined ? '' : `<script>${script}</script>\n`}</body>
</html>
`
  return { html, policy }
}

/** Makes a text safe as content and inside quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`
}
