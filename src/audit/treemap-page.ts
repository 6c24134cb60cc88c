import type { TreemapNode } from './treemap.ts'

/**
 * The page around the picture. The layout runs in the browser, so that it fits any window; it is the squarified treemap of Bruls,
 * Huizing and van Wijk (2000). Works from disk, in light and dark, with a keyboard, and as a table where scripts are off.
 */
export function treemapPage(page: {
  readonly title: string
  readonly subtitle: string
  readonly root: TreemapNode
}): string {
  // `<` would end the script element; the rest of JSON is JavaScript.
  const data = JSON.stringify(page.root).replaceAll('<', '\\u003c')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>${escapeHtml(page.title)}</title>
<style>${style}</style>
</head>
<body>
<header><h1>${escapeHtml(page.title)}</h1><p>${escapeHtml(page.subtitle)}</p><nav id="trail" aria-label="Where you are"></nav></header>
<main id="map"></main>
<footer id="told" aria-live="polite">Point at a rectangle; click a folder to look into it, Escape to go back.</footer>
<noscript><table><tr><th>Part<th>Bytes unzipped<th>Files</tr>${(page.root.children ?? []).map((child) => `<tr><td>${escapeHtml(child.name)}<td>${child.bytes}<td>${child.files}</tr>`).join('')}</table></noscript>
<script>const root = ${data};
${script}</script>
</body>
</html>
`
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

const style = `
:root { color-scheme: light dark; --back: #fff; --ink: #1b1f24; --dim: #59636e; --line: #fff; --shade: 88% }
@media (prefers-color-scheme: dark) { :root { --back: #14171b; --ink: #e6e9ec; --dim: #9aa4af; --line: #14171b; --shade: 30% } }
* { box-sizing: border-box }
body { margin: 0; height: 100vh; display: flex; flex-direction: column; background: var(--back); color: var(--ink); font: 14px/1.4 system-ui, sans-serif }
header { padding: 12px 16px 8px } h1 { font-size: 18px; margin: 0 } header p { margin: 2px 0 6px; color: var(--dim) }
nav button { font: inherit; color: inherit; background: none; border: 0; padding: 0 2px; cursor: pointer; text-decoration: underline }
main { position: relative; flex: 1; margin: 0 16px; min-height: 0 }
footer { padding: 8px 16px 12px; color: var(--dim); min-height: 38px }
.box { position: absolute; overflow: hidden; border: 1px solid var(--line); border-radius: 3px; padding: 0; margin: 0; color: inherit }
.box > span { display: block; padding: 2px 5px; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; pointer-events: none }
.box small { color: var(--dim) }
.box.opens { cursor: pointer } .box:hover, .box:focus-visible { outline: 2px solid var(--ink); outline-offset: -2px; z-index: 1 }
table { margin: 16px; border-spacing: 12px 2px }
`

const script = `
const map = document.getElementById('map'), told = document.getElementById('told'), trail = document.getElementById('trail')
const size = (n) => n < 1024 ? n + ' B' : n < 1048576 ? (n / 1024).toFixed(1) + ' KB' : (n / 1048576).toFixed(1) + ' MB'
let path = [root]

function squarify(nodes, x, y, width, height, place) {
  nodes = nodes.filter((node) => node.bytes > 0)
  let total = nodes.reduce((sum, node) => sum + node.bytes, 0)
  let at = 0
  while (at < nodes.length && width > 1 && height > 1) {
    const side = Math.min(width, height), scale = width * height / total
    let row = 0, worst = Infinity, count = 0
    for (let next = at; next < nodes.length; next++) {
      const sum = row + nodes[next].bytes, area = sum * scale
      const ratio = Math.max(side * side * nodes[at].bytes * scale / (area * area), area * area / (side * side * nodes[next].bytes * scale))
      if (ratio > worst) break
      worst = ratio; row = sum; count++
    }
    const thick = row * scale / side
    let along = 0
    for (const node of nodes.slice(at, at + count)) {
      const length = node.bytes / row * side
      if (width >= height) place(node, x, y + along, thick, length); else place(node, x + along, y, length, thick)
      along += length
    }
    if (width >= height) { x += thick; width -= thick } else { y += thick; height -= thick }
    total -= row; at += count
  }
}

function draw() {
  map.replaceChildren()
  const here = path[path.length - 1]
  trail.replaceChildren(...path.flatMap((node, index) => {
    const step = document.createElement('button')
    step.textContent = index === 0 ? 'package' : node.name.replace(/\\/$/, '')
    step.onclick = () => { path = path.slice(0, index + 1); draw() }
    return index === 0 ? [step] : [document.createTextNode(' › '), step]
  }))
  const hues = new Map((here.children || []).map((node, index) => [node, index * 137.5 % 360]))
  const boxes = (parent, nodes, width, height, depth, hue, prefix) => squarify(nodes, 0, 0, width, height, (node, x, y, w, h) => {
    const own = hue === undefined ? hues.get(node) : hue
    const opens = node.children && node.children.length > 0
    const box = document.createElement('div')
    box.className = opens ? 'box opens' : 'box'
    box.style.cssText = 'left:' + x + 'px;top:' + y + 'px;width:' + w + 'px;height:' + h + 'px;background:hsl(' + own + ' 45% calc(var(--shade) - ' + depth * 6 + '%))'
    const name = prefix + node.name
    const share = (node.bytes / root.bytes * 100).toFixed(1)
    const tell = () => { told.textContent = name + ': ' + size(node.bytes) + ' unzipped, ' + share + ' % of the package' + (node.packedBytes ? ', ' + size(node.packedBytes) + ' zipped' : '') + (node.files > 1 ? ', ' + node.files + ' files' : '') }
    box.onpointerenter = tell; box.onfocus = tell
    if (w > 36 && h > 18) {
      const label = document.createElement('span')
      label.textContent = node.name.replace(/\\/$/, '') + ' '
      const small = document.createElement('small')
      small.textContent = size(node.bytes)
      label.append(small)
      box.append(label)
    }
    if (opens) {
      const open = (event) => { event.stopPropagation(); path = [...path, ...lineTo(here, node)]; draw() }
      box.tabIndex = 0
      box.setAttribute('role', 'button')
      box.setAttribute('aria-label', name + ', ' + size(node.bytes))
      box.onclick = open
      box.onkeydown = (event) => { if (event.key === 'Enter') open(event) }
    }
    parent.append(box)
    if (opens && depth < 2 && w > 60 && h > 50) {
      const inner = document.createElement('div')
      inner.style.cssText = 'position:absolute;left:3px;top:24px'
      box.append(inner)
      boxes(inner, node.children, w - 8, h - 29, depth + 1, own, name + (node.name.endsWith('/') ? '' : ' › '))
    }
  })
  boxes(map, here.children || [], map.clientWidth, map.clientHeight, 0, undefined, '')
}

function lineTo(from, target) {
  for (const child of from.children || []) {
    if (child === target) return [child]
    const rest = lineTo(child, target)
    if (rest.length > 0) return [child, ...rest]
  }
  return []
}

addEventListener('resize', draw)
addEventListener('keydown', (event) => { if (event.key === 'Escape' && path.length > 1) { path = path.slice(0, -1); draw() } })
draw()
`
