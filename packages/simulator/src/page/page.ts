/// <reference path="./text-modules.d.ts" />
import script from './client/main.tsx?text'
import style from './client/page.css?text'
import { htmlDocument } from './html-document.js'

const { html, policy } = htmlDocument({
  title: 'Aurora simulator',
  style,
  script,
  body: '<div id="app"><noscript>This page shows a running cluster and needs JavaScript.</noscript></div>',
})

/** The page of a running cluster. It talks to the control interface that it was served by. */
export const pageHtml: string = html

/** What to send along with the page: nobody may frame it, keep it, or make it load anything. */
export const pageHeaders: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': `${policy}; frame-ancestors 'none'`,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
}
