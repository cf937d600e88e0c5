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

words.addEventListener('input', filter);
document.getElementById('filter').hidden = false;
