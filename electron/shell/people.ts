/** How the shell speaks to people outside its window. */
import { Notification, dialog } from 'electron';

export interface People {
  /** Says something in passing. Lost where the desktop has no notifications, so never the only place. */
  tell(title: string, text: string): void;
  /** Answers a question that a person asked, in a box that waits for nobody else. */
  answer(title: string, text: string, details: string): Promise<void>;
  /** Asks before something is done. Resolves to true for `yes`. */
  confirm(question: string, yes: string, no: string): Promise<boolean>;
}

export function createPeople(): People {
  return {
    tell: (title, body) => {
      if (Notification.isSupported()) new Notification({ title, body }).show();
    },
    answer: async (title, message, detail) => {
      await dialog.showMessageBox({ type: 'info', title, message, detail, buttons: ['OK'] });
    },
    confirm: async (message, yes, no) => {
      const { response } = await dialog.showMessageBox({
        type: 'question',
        title: 'Holdfast',
        message,
        buttons: [no, yes],
        defaultId: 1,
        cancelId: 0,
      });
      return response === 1;
    },
  };
}
