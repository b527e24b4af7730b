/** A file bundled into one minified text when the package is built; see inline-text.ts. */
declare module '*?text' {
  const text: string
  // biome-ignore lint/style/noDefaultExport: a module that is a text has one export
  export default text
}

/** A program for Node, as one text that is a module; see inline-text.ts. */
declare module '*?program' {
  const text: string
  // biome-ignore lint/style/noDefaultExport: a module that is a text has one export
  export default text
}
