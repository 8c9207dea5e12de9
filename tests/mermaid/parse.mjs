// Has Mermaid's own parser read diagrams, and prints the number of them.
//
// usage: node parse.mjs FOLDER OF mermaid FILE...
//
// It ends with status 1 where one is not read, and says which and why.
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [folder, ...files] = process.argv.slice(2);
const { default: mermaid } = await import(pathToFileURL(join(resolve(folder), 'dist/mermaid.core.mjs')).href);
let wrong = 0;
for (const file of files) {
  try {
    const { diagramType } = await mermaid.parse(readFileSync(file, 'utf8'));
    if (diagramType !== 'sequence') throw new Error(`it is read as ${diagramType}`);
  } catch (error) {
    wrong += 1;
    console.error(`${file}: ${error.message ?? error}`);
  }
}
console.log(files.length);
process.exit(wrong > 0 ? 1 : 0);
