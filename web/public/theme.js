// Runs before the first paint, so that a dark page never flashes white.
(function () {
  let choice = 'system';
  try {
    choice = JSON.parse(localStorage.getItem('gbrtc.preferences') || '{}').theme || 'system';
  } catch {
    choice = 'system';
  }
  const dark = choice === 'dark' || (choice === 'system' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.classList.toggle('dark', dark);
})();
