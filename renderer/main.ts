import { createApp, h, shallowRef } from 'vue';
import App from './app.vue';
import { ElectronBridge, preloadBridgeOf } from './bridge/electron-bridge.ts';
import { HttpBridge } from './bridge/http-bridge.ts';
import { forgetToken, takeToken } from './bridge/session-token.ts';
import type { Connection } from './composables/use-bridge.ts';
import './styles/fonts.css';
import './styles/tokens.css';
import './styles/base.css';
import './styles/frame.css';
import './styles/controls.css';
import './styles/panels.css';
import './styles/overview.css';
import './styles/conversations.css';
import './styles/health.css';

const connection = shallowRef<Connection | null>(null);
const isRefused = shallowRef(false);

function connect(): void {
  const preload = preloadBridgeOf(window);
  if (preload !== null) {
    connection.value = { bridge: new ElectronBridge(preload), isDesktop: true };
    return;
  }
  const token = takeToken(window);
  if (token === null) return;
  const onRefused = () => {
    forgetToken(window);
    isRefused.value = true;
    connection.value = null;
  };
  connection.value = { bridge: new HttpBridge({ token, onRefused }), isDesktop: false };
}

// A new address pasted into an open tab changes only the fragment: the page is not loaded again by itself.
window.addEventListener('hashchange', () => {
  if (location.hash.startsWith('#token=')) location.reload();
});

connect();
createApp({ render: () => h(App, { connection: connection.value, isRefused: isRefused.value }) }).mount('#app');
