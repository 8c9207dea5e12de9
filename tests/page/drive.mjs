// Opens a page in headless Chromium, steps through it as a reader would, and prints what was seen there as JSON.
//
// usage: node drive.mjs CHROMIUM PAGE [FOLDER FOR PICTURES]
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { begin } from './browser.mjs';

const [chromium, page, pictures] = process.argv.slice(2);
const address = pathToFileURL(resolve(page)).href;
const { ask, evaluate, open, seen, over } = await begin(chromium);
const KEYS = { ArrowLeft: 37, ArrowRight: 39, Home: 36, End: 35, Tab: 9, Enter: 13 };
const press = async (key) => {
  const all = { key, code: key, windowsVirtualKeyCode: KEYS[key] };
  if (key === 'Enter') all.text = '\r';
  await ask('Input.dispatchKeyEvent', { type: key === 'Enter' ? 'keyDown' : 'rawKeyDown', ...all });
  await ask('Input.dispatchKeyEvent', { type: 'keyUp', ...all });
};
const size = (width, height, mobile = false) => ask('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: mobile ? 2 : 1, mobile });
const scheme = (value) => ask('Emulation.setEmulatedMedia', { media: '', features: [{ name: 'prefers-color-scheme', value }] });

// What a reader sees of the step that is shown.
const LOOK = `(() => {
  const item = document.querySelector('.moments li.here');
  const sockets = (side) => [...document.querySelectorAll('#' + side + ' .socket')].map((socket) => ({
    label: socket.querySelector('.label').textContent,
    state: socket.querySelector('.chip').textContent,
    facts: socket.querySelector('.facts')?.textContent ?? '',
    current: socket.classList.contains('current'),
  }));
  const picture = [...document.querySelectorAll('.picture')].find((one) => one.getBoundingClientRect().height > 0);
  const number = (part, name) => Number(picture.querySelector(part).getAttribute(name));
  const top = number('.band', 'y');
  const isIn = (text) => Number(text.getAttribute('y')) > top && Number(text.getAttribute('y')) <= top + number('.band', 'height');
  return {
    no: Number(document.getElementById('no').textContent),
    slider: Number(document.getElementById('slider').value),
    spoken: document.getElementById('slider').getAttribute('aria-valuetext'),
    first: Number(item.dataset.first),
    last: Number(item.dataset.last),
    said: document.getElementById('said').textContent,
    listed: item.querySelector('.what').textContent,
    here: document.querySelectorAll('.moments li.here').length,
    client: sockets('client'),
    server: sockets('server'),
    pipes: [...document.querySelectorAll('.pipe')].map((pipe) => pipe.querySelector('.words').textContent),
    band: [number('.band', 'y'), number('.band', 'height')],
    inBand: [...picture.querySelectorAll('text')].filter(isIn).map((text) => text.textContent).join('|'),
    veil: [number('.veil', 'y'), number('.veil', 'height')],
  };
})()`;

try {
  await size(1280, 800);
  await scheme('light');
  await open(address);
  const at = () => evaluate('Number(document.getElementById("no").textContent)');
  const count = await evaluate('document.querySelectorAll(".moments li").length');

  const opened = await at();
  await press('Home');
  // By the arrow key, through all of it.
  const steps = [await evaluate(LOOK)];
  for (let no = 2; no <= count; no += 1) {
    await press('ArrowRight');
    steps.push(await evaluate(LOOK));
  }
  const keys = {};
  await press('ArrowRight');
  keys.past = await at();
  await press('ArrowLeft');
  keys.left = await at();
  await press('Home');
  keys.home = await at();
  await press('ArrowLeft');
  keys.before = await at();
  await press('End');
  keys.end = await at();
  // The slider, by its own keys.
  await evaluate('document.getElementById("slider").focus()');
  await press('Home');
  keys.sliderHome = await at();
  await press('ArrowRight');
  keys.sliderRight = await at();
  await press('End');
  keys.sliderEnd = await at();
  keys.address = await evaluate(`new Promise((done) => {
    const look = (left) => (location.hash === '#step=${count}' || left === 0 ? done(location.hash) : setTimeout(look, 50, left - 1));
    look(100);
  })`);
  // A link: to a step, while the page is open, and when it is opened.
  const links = {};
  await evaluate('location.hash = "#step=3"; new Promise((done) => setTimeout(done, 50))');
  links.changed = await evaluate(LOOK);
  await open(address + '#step=2');
  links.opened = await evaluate(LOOK);
  await open(address + '#step=99999');
  links.beyond = await at();
  await open(address + '#step=%3Cscript%3E');
  links.nonsense = await at();
  // With Tab alone: what can be reached, and whether one sees where one is.
  await evaluate('document.activeElement.blur()');
  await press('Home');
  const reached = [];
  for (let nth = 0; nth < 12; nth += 1) {
    await press('Tab');
    reached.push(await evaluate(`(() => {
      const element = document.activeElement;
      const name = element.getAttribute('aria-label') || element.textContent.trim();
      return { id: element.id, tag: element.tagName, name, outline: getComputedStyle(element).outlineStyle };
    })()`));
  }
  await evaluate('document.getElementById("on").focus()');
  await press('Enter');
  keys.button = await at();
  // What a screen reader has.
  const { nodes } = await ask('Accessibility.getFullAXTree');
  const tree = nodes.filter((node) => !node.ignored).map((node) => [node.role?.value, node.name?.value ?? '']);
  const nameless = tree.filter(([role, name]) => ['button', 'slider', 'link', 'region'].includes(role) && !name.trim());
  // Without sideways scrolling, at each step.
  const wide = {};
  for (const [width, mobile] of [[1280, false], [800, false], [360, true]]) {
    await size(width, 740, mobile);
    await evaluate('new Promise((done) => setTimeout(done, 250))');
    wide[width] = await evaluate(`(() => {
      const slider = document.getElementById('slider');
      let most = 0;
      for (let no = 1; no <= ${count}; no += 1) {
        slider.value = no;
        slider.dispatchEvent(new Event('input'));
        most = Math.max(most, document.documentElement.scrollWidth, document.body.scrollWidth);
      }
      return most;
    })()`);
  }
  // Between the boxes and the diagram, at the first step, and how high the boxes are.
  const gaps = {};
  for (const [width, height, mobile] of [[1200, 890, false], [360, 740, true]]) {
    await size(width, height, mobile);
    await evaluate('document.getElementById("first").click(); new Promise((done) => setTimeout(done, 250))');
    gaps[width] = await evaluate(`(() => {
      const box = (name) => document.querySelector(name).getBoundingClientRect();
      const drawing = box('#drawing');
      const boxes = Math.max(box('#client').bottom, box('#pipes').bottom);
      return { gap: Math.round(drawing.top - boxes), box: Math.round(box('#client').height), inSight: Math.round(innerHeight - scrollY - drawing.top) };
    })()`);
  }
  await size(1280, 800);
  const elements = await evaluate('({ scripts: document.scripts.length, images: document.images.length, text: document.body.textContent })');

  const ground = {};
  for (const value of ['light', 'dark']) {
    await scheme(value);
    ground[value] = await evaluate('getComputedStyle(document.documentElement).backgroundColor');
  }
  await scheme('light');
  // On paper: the whole run as a list, and the diagram without its veil.
  await ask('Emulation.setEmulatedMedia', { media: 'print' });
  const paper = await evaluate(`(() => {
    const shown = (name) => [...document.querySelectorAll(name)].filter((one) => one.getClientRects().length > 0).length;
    const drawing = document.getElementById('drawing');
    return {
      player: shown('#player'), veil: shown('.veil'), picture: shown('.picture'), items: shown('.moments li'), states: shown('.after .chip'),
      isWhole: drawing.scrollHeight <= drawing.clientHeight,
    };
  })()`);
  await scheme('light');

  if (pictures) {
    const shot = async (name, full = false) => {
      await evaluate('new Promise((done) => setTimeout(done, 400))');
      const { data } = await ask('Page.captureScreenshot', { format: 'png', captureBeyondViewport: full });
      writeFileSync(join(pictures, name + '.png'), Buffer.from(data, 'base64'));
    };
    const middle = Math.max(1, Math.ceil(count * 0.6));
    await open(`${address}#step=${middle}`);
    await shot('light');
    await shot('light-full', true);
    await scheme('dark');
    await shot('dark');
    await size(360, 740, true);
    await open(`${address}#step=${middle}`);
    await shot('phone-dark');
    await scheme('light');
    await shot('phone');
    await shot('phone-full', true);
    await size(1280, 800);
    const { data } = await ask('Page.printToPDF', { printBackground: false, preferCSSPageSize: true });
    writeFileSync(join(pictures, 'print.pdf'), Buffer.from(data, 'base64'));
  }
  const all = JSON.stringify({ ...seen, address, count, steps, keys, links, reached, nameless, wide, gaps, opened, elements, ground, paper });
  process.stdout.write(all, () => over());
} catch (error) {
  over(error.stack);
}
