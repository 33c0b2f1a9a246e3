// What html-validate asks of pages, and of fragments, which stand in pages of others.
module.exports = {
  root: true,
  extends: ['html-validate:recommended'],
  rules: {
    // On phones rows are no boxes of a table, and some screen readers forget then what they are.
    'no-redundant-role': 'off',
    // The stylesheet is the owner's own.
    'require-sri': 'off',
    // A button of a form sends it.
    'no-implicit-button-type': 'off',
    // Torrents have the names that they have.
    'long-title': 'off',
  },
};
