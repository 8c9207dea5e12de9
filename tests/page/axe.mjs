// Has axe-core look for what stands in the way of people with a keyboard or a screen reader, and prints what it found as JSON lines.
//
// usage: node axe.mjs CHROMIUM AXE.MIN.JS PAGE...
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { begin } from './browser.mjs';

const [chromium, axe, ...pages] = process.argv.slice(2);
const { ask, evaluate, open, over } = await begin(chromium);
try {
  const source = readFileSync(axe, 'utf8');
  for (const page of pages) {
    for (const scheme of ['light', 'dark']) {
      await ask('Emulation.setEmulatedMedia', { media: '', features: [{ name: 'prefers-color-scheme', value: scheme }] });
      await open(pathToFileURL(resolve(page)).href);
      await evaluate(source + '; null');
      const found = await evaluate(`axe.run(document).then(({ violations, passes }) => ({
        passes: passes.length,
        violations: violations.map(({ id, impact, help, nodes }) => ({ id, impact, help, where: nodes.map((node) => node.html.slice(0, 200) + ' ' + (node.any[0]?.message ?? '')) })),
      }))`);
      console.log(JSON.stringify({ page, scheme, ...found }));
    }
  }
  over();
} catch (error) {
  over(error.stack);
}
