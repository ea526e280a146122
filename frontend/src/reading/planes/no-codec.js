/** Replaces, in the build, the codecs of a format that the service never sends. */
export default null;
