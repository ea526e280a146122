/** What the page says in English, by key; a value's name stands in braces. Keys begin with the view that says it. */
export const EN = {
  'language.name': 'English',
  'language.short': 'EN',
};
