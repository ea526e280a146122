import config from './playwright.config.js';

export default {
  ...config,
  testDir: '.',
  testMatch: ['bench/*.spec.js', 'journeys/speed.spec.js'],
};
