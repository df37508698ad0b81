// What the page holds inside: packed bytes by name, each in a script element that no browser runs.

/** Returns the bytes of an asset. Throws a sentence if the page lacks it. */
export async function assetBytes(name) {
  const element = document.querySelector(`script[data-asset="${CSS.escape(name)}"]`);
  if (!element) throw new Error(`This page lacks '${name}'; make it again.`);
  const packed = Uint8Array.from(atob(element.textContent.trim()), (char) => char.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

export async function assetText(name) {
  return new TextDecoder().decode(await assetBytes(name));
}
