import { createRouter, createWebHashHistory } from 'vue-router';
import LivePage from './pages/LivePage.vue';

/** Hash addresses work behind every static server and sub-path, also where only index.html is served. */
export const router = createRouter({
  history: createWebHashHistory(),
  routes: [
    { path: '/', redirect: '/live' },
    { path: '/live', name: 'live', component: LivePage },
    { path: '/devices', name: 'devices', component: () => import('./pages/DevicesPage.vue') },
    { path: '/connect', name: 'connect', component: () => import('./pages/ConnectPage.vue') },
    { path: '/settings', name: 'settings', component: () => import('./pages/SettingsPage.vue') },
    { path: '/:rest(.*)', name: 'not-found', component: () => import('./pages/NotFoundPage.vue') },
  ],
});
