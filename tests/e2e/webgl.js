import config from './playwright.config.js';

const { launchOptions } = config.use;

/** WebGL 2 drawn by the processor: slow, and the same everywhere. */
export const WITH_WEBGL = {
  launchOptions: {
    ...launchOptions,
    args: [
      ...launchOptions.args.filter((argument) => argument !== '--disable-gpu'),
      '--use-angle=swiftshader',
      '--enable-unsafe-swiftshader',
    ],
  },
};
