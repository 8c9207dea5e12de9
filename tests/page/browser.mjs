// Headless Chromium, driven by the DevTools protocol over a pipe, so that no port is opened and no package is needed.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// Starts it, with one page. What the page says and asks for is in `seen`; `over` ends the browser and this process.
export const begin = async (chromium, bound = 110_000) => {
  const profile = mkdtempSync(join(tmpdir(), 'finwait-page-'));
  const browser = spawn(
    chromium,
    ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', '--disable-background-networking',
      '--disable-extensions', '--hide-scrollbars', `--user-data-dir=${profile}`, '--remote-debugging-pipe', 'about:blank'],
    { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] },
  );
  const over = (why) => {
    browser.kill('SIGKILL');
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    if (why) {
      console.error(why);
      process.exit(1);
    }
    process.exit(0);
  };
  setTimeout(() => over('Chromium took too long'), bound);
  browser.on('exit', (code) => over(`Chromium ended: ${code}`));
  browser.on('error', (error) => over(`Chromium: ${error.message}`));

  const [to, from] = [browser.stdio[3], browser.stdio[4]];
  let rest = '';
  let next = 1;
  let session;
  const waiting = new Map();
  const seen = { console: [], requests: [] };
  const loaded = [];
  from.on('data', (bytes) => {
    const messages = (rest + bytes).split('\0');
    rest = messages.pop();
    messages.forEach((text) => {
      const { id, result, error, method, params } = JSON.parse(text);
      if (id) {
        const [done, failed] = waiting.get(id);
        waiting.delete(id);
        error ? failed(new Error(error.message)) : done(result);
      } else if (method === 'Network.requestWillBeSent') {
        seen.requests.push(params.request.url);
      } else if (method === 'Log.entryAdded') {
        seen.console.push(params.entry.text);
      } else if (method === 'Runtime.consoleAPICalled') {
        seen.console.push(params.args.map((arg) => arg.value).join(' '));
      } else if (method === 'Runtime.exceptionThrown') {
        seen.console.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
      } else if (method === 'Page.javascriptDialogOpening') {
        seen.console.push(`dialog: ${params.message}`);
      } else if (method === 'Page.loadEventFired') {
        loaded.splice(0).forEach((done) => done());
      }
    });
  });
  const ask = (method, params = {}) => new Promise((done, failed) => {
    const id = next++;
    waiting.set(id, [done, failed]);
    to.write(JSON.stringify({ id, method, params, sessionId: session }) + '\0');
  });
  const evaluate = async (expression) => {
    const { result, exceptionDetails } = await ask('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  };
  const open = async (url) => {
    const fired = new Promise((done) => loaded.push(done));
    await ask('Page.navigate', { url: 'about:blank' });
    await fired;
    const again = new Promise((done) => loaded.push(done));
    await ask('Page.navigate', { url });
    await again;
  };
  const { targetId } = await ask('Target.createTarget', { url: 'about:blank' });
  session = (await ask('Target.attachToTarget', { targetId, flatten: true })).sessionId;
  for (const part of ['Page', 'Runtime', 'Network', 'Log']) await ask(part + '.enable');
  return { ask, evaluate, open, seen, over };
};
