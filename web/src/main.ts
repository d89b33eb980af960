import 'element-plus/theme-chalk/base.css';
import 'element-plus/theme-chalk/dark/css-vars.css';
import './element-styles.ts';
import './styles/tokens.css';
import './styles/base.css';
import './styles/element.css';
import { createPinia } from 'pinia';
import { createApp } from 'vue';
import App from './App.vue';
import { i18n } from './i18n/index.ts';
import { router } from './router.ts';

createApp(App).use(createPinia()).use(i18n).use(router).mount('#app');
