import config from './playwright.config.js';

export default {
  ...config,
  testDir: '.',
  workers: 1,
  testMatch: ['bench/*.spec.js', 'journeys/speed.spec.js'],
};
