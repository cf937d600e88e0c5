// The filter of the page of the API: what does not have all its words is hidden.

const words = document.getElementById('words');
const found = document.getElementById('found');
const sections = [...document.querySelectorAll('main section')];

function filter() {
  const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const section of sections) {
    const entries = [...section.querySelectorAll('details')];
    for (const entry of entries) {
      const text = entry.textContent.toLowerCase();
      entry.hidden = !wanted.every((word) => text.includes(word));
      count += entry.hidden ? 0 : 1;
    }
    section.hidden = wanted.length > 0 && entries.every((entry) => entry.hidden);
  }
  found.textContent = wanted.length > 0 ? `${count} found` : '';
}

/** A link leads also to what the filter has hidden. */
function uncover({ target }) {
  const place = target.closest('a')?.getAttribute('href');
  if (!place?.startsWith('#') || !document.getElementById(place.slice(1))?.closest('[hidden]')) return;
  words.value = '';
  filter();
}

words.addEventListener('input', filter);
document.addEventListener('click', uncover);
document.getElementById('filter').hidden = false;
