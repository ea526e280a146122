/** Stands in, when the page is built, for codecs of a format that no volume here comes in. */
export default null;
