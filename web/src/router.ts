import { createRouter, createWebHistory } from 'vue-router';
import LivePage from './pages/LivePage.vue';

declare module 'vue-router' {
  interface RouteMeta {
    /** Opens without login for those whose address carries a token. */
    guests?: boolean;
  }
}

/** The gateway serves index.html for every path that is no file, so addresses can be sent to colleagues. */
export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/', redirect: '/live' },
    { path: '/live', name: 'live', component: LivePage },
    { path: '/streams', name: 'streams', component: () => import('./pages/StreamsPage.vue') },
    { path: '/publish', name: 'publish', component: () => import('./pages/PublishPage.vue') },
    { path: '/meet', name: 'meet', component: () => import('./pages/MeetPage.vue'), meta: { guests: true } },
    { path: '/call', name: 'call', component: () => import('./pages/CallPage.vue'), meta: { guests: true } },
    { path: '/recordings', name: 'recordings', component: () => import('./pages/RecordingsPage.vue') },
    { path: '/playback', name: 'playback', component: () => import('./pages/PlaybackPage.vue') },
    { path: '/alarms', name: 'alarms', component: () => import('./pages/AlarmsPage.vue') },
    { path: '/map', name: 'map', component: () => import('./pages/MapPage.vue') },
    { path: '/call-statistics', name: 'statistics', component: () => import('./pages/CallStatisticsPage.vue') },
    { path: '/devices', name: 'devices', component: () => import('./pages/DevicesPage.vue') },
    { path: '/connect', name: 'connect', component: () => import('./pages/ConnectPage.vue') },
    { path: '/settings', name: 'settings', component: () => import('./pages/SettingsPage.vue') },
    { path: '/:rest(.*)', name: 'not-found', component: () => import('./pages/NotFoundPage.vue') },
  ],
});
