'use strict';
(() => {
  // States, queues and words are the recording's; this shows the step that was asked for.
  const $ = (id) => document.getElementById(id);
  const data = JSON.parse($('data').textContent);
  const count = data.steps.length;
  if (count === 0) return;
  const pictures = ['wide', 'narrow'].map((shape) => [shape, document.querySelector('.picture.' + shape)]);
  const small = matchMedia('(max-width: 560px)');
  let meaningOpen = !small.matches;
  small.addEventListener('change', () => {
    meaningOpen = !small.matches;
  });
  let at = 0;
  let address = 0;

  const make = (tag, name, text) => {
    const element = document.createElement(tag);
    if (name) element.className = name;
    if (text !== undefined) element.textContent = text;
    return element;
  };

  const socketOf = (socket) => {
    const item = make('div', 'socket' + (socket.current ? ' current' : '') + (socket.over ? ' over' : ''));
    item.dataset.socket = socket.label;
    item.append(make('span', 'label', socket.label), make('span', 'chip ' + socket.class, socket.state));
    item.append(make('span', 'role', socket.role));
    if (socket.facts.length > 0) item.append(make('p', 'facts', socket.facts.join(' \u00b7 ')));
    if (socket.note) item.append(make('p', 'note', socket.note));
    return item;
  };

  // An end: its current socket with what its state means, the others, and those that are over folded.
  const endOf = (end) => {
    const parts = [];
    if (end.process) parts.push(make('p', 'dead', end.process));
    const sockets = end.sockets.map((place) => data.sockets[place]);
    const current = sockets.filter((socket) => socket.current);
    const others = sockets.filter((socket) => !socket.current && !socket.over);
    const over = sockets.filter((socket) => !socket.current && socket.over);
    if (sockets.length === 0 && !end.process) parts.push(make('p', 'none', 'no socket'));
    parts.push(...current.map(socketOf));
    const said = make('dl', 'said-of');
    const say = (name, words) => {
      if (words) said.append(make('dt', '', name), make('dd', '', words));
    };
    say('means', end.means);
    say('can', end.can);
    say('waits', end.waits);
    say('calling', end.calling);
    if (said.firstChild) {
      const details = make('details', 'meaning');
      details.open = meaningOpen;
      details.addEventListener('toggle', () => {
        meaningOpen = details.open;
      });
      details.append(make('summary', '', 'what this means'), said);
      parts.push(details);
    }
    parts.push(...others.slice(0, 4).map(socketOf));
    const folded = (all, words) => {
      if (all.length === 0) return;
      const details = make('details');
      details.append(make('summary', '', all.length + words), ...all.map(socketOf));
      parts.push(details);
    };
    folded(others.slice(4), ' more sockets');
    folded(over, over.length === 1 ? ' socket that is over' : ' sockets that are over');
    if (end.more > 0) parts.push(make('p', 'note', 'and ' + end.more + ' more that are not shown'));
    return parts;
  };

  const LOOKS = {
    'not-open': 'dotted is-nothing', 'never-opened': 'dotted is-nothing', opening: 'dashed is-opening',
    answering: 'dashed is-opening', open: 'is-established', silent: 'stopped is-closed-first',
    'fin-queued': 'dashed is-closed-first', closing: 'dashed is-closed-first', closed: 'stopped is-closed-first',
    torn: 'torn is-bad', broken: 'torn is-bad', 'given-up': 'torn is-bad', gone: 'torn is-bad', unknown: 'dotted is-nothing',
  };
  const pipeOf = (pipe) => {
    const client = pipe.from === 'client';
    const item = make('div', 'pipe ' + (client ? 'right ' : 'left '));
    item.dataset.from = pipe.from;
    item.append(make('div', 'from is-dim', client ? 'client to server' : 'server to client'));
    const shaft = make('div', 'shaft');
    shaft.setAttribute('aria-hidden', 'true');
    item.className += LOOKS[pipe.state.is] || '';
    item.append(shaft, make('div', 'words', pipe.words), make('div', 'load', pipe.load || '\u00a0'));
    return item;
  };

  const showPresent = (place) => {
    const present = place === null ? null : data.presents[place];
    ['client', 'server'].forEach((side) => {
      const body = $(side).querySelector('.body');
      body.replaceChildren(...(present ? endOf(data.ends[present[side]]) : []));
    });
    $('pipes').replaceChildren(...(present && present.pipes ? present.pipes.map(pipeOf) : []));
  };

  const show = (no) => {
    const step = data.steps[no - 1];
    const item = $('s' + no);
    if (at > 0) {
      $('s' + at).classList.remove('here');
      $('s' + at).removeAttribute('aria-current');
    }
    at = no;
    item.classList.add('here');
    item.setAttribute('aria-current', 'step');
    const copies = [...item.querySelector('.what').childNodes].map((node) => node.cloneNode(true));
    $('said').replaceChildren(...copies);
    // What to look at is said when all of it is there.
    const heading = [...$('act-' + step.act).querySelector('.heading').children];
    const isOver = no === count || data.steps[no].act !== step.act;
    const told = heading.filter((part) => isOver || !part.classList.contains('look'));
    $('act').replaceChildren(...told.flatMap((part) => [part.cloneNode(true), ' ']));
    // Above the two ends, and so a heading of their level.
    $('act').querySelector('h3')?.setAttribute('aria-level', '2');
    showPresent(step.present);
    const time = item.querySelector('a').lastChild.textContent.trim() + ' s';
    $('no').textContent = no;
    $('at').textContent = time;
    $('link').href = '#step=' + no;
    $('slider').value = no;
    $('slider').setAttribute('aria-valuetext', 'step ' + no + ' of ' + count + ', ' + time);
    $('first').disabled = $('back').disabled = no === 1;
    $('last').disabled = $('on').disabled = no === count;
    for (const [shape, picture] of pictures) {
      const [from, to] = step[shape];
      const height = picture.viewBox.baseVal.height;
      const [band, veil] = [picture.querySelector('.band'), picture.querySelector('.veil')];
      band.setAttribute('y', from);
      band.setAttribute('height', Math.max(to - from, 2));
      veil.setAttribute('y', to);
      // After the last step nothing is yet to come: below are the colours of the states.
      veil.setAttribute('height', no === count ? 0 : Math.max(height - to, 0));
      const shown = picture.getBoundingClientRect().height;
      const scroller = $('drawing');
      if (shown > 0) scroller.scrollTop = ((from + to) / 2 / height) * shown - scroller.clientHeight / 2;
    }
  };

  const go = (no) => {
    const to = Math.min(Math.max(no, 1), count);
    if (to === at) return;
    show(to);
    // Browsers count these, and refuse those of a slider that is drawn from end to end.
    clearTimeout(address);
    address = setTimeout(() => history.replaceState(null, '', '#step=' + to), 150);
  };

  const asked = () => {
    const match = /^#step=(\d{1,9})$/.exec(location.hash);
    return match ? Math.min(Math.max(Number(match[1]), 1), count) : null;
  };

  $('first').addEventListener('click', () => go(1));
  $('back').addEventListener('click', () => go(at - 1));
  $('on').addEventListener('click', () => go(at + 1));
  $('last').addEventListener('click', () => go(count));
  $('slider').addEventListener('input', () => go(Number($('slider').value)));
  window.addEventListener('hashchange', () => {
    const no = asked();
    clearTimeout(address);
    if (no !== null && no !== at) show(no);
  });
  document.addEventListener('keydown', (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    // The slider has these keys by itself.
    if (event.target === $('slider')) return;
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 1, End: count }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    go(to);
  });

  // The middle one of all steps decides, so that little jumps from one to the next and no step leaves a hole.
  const settle = () => {
    const body = document.querySelector('.ends');
    body.style.minHeight = '';
    const heights = data.presents.slice(0, 60).map((_, place) => {
      showPresent(place);
      return body.offsetHeight;
    });
    heights.sort((one, other) => one - other);
    body.style.minHeight = Math.min(heights[Math.floor(heights.length / 2)] || 0, small.matches ? 180 : 240) + 'px';
    showPresent(data.steps[at - 1].present);
  };

  $('player').hidden = false;
  // Whoever opens it sees all of the run first, and what it came to.
  show(asked() || count);
  settle();
  let later = 0;
  window.addEventListener('resize', () => {
    clearTimeout(later);
    later = setTimeout(() => { settle(); show(at); }, 150);
  });
})();
