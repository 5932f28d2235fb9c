/**
 * Workspaces and their documents, as aws-samples/aws-genai-llm-chatbot has them: the sort key of a workspace is always the same, and a
 * document's key begins with its workspace's. What runs the documents is told to remove them.
 */
import { defineLifecycle } from '../../lib/lifecycle/define.ts';

export const CHATBOT = defineLifecycle({
  kinds: {
    workspace: { table: 'workspaces', key: { workspace_id: '${workspace}', object_type: 'workspace' } },
    document: {
      table: 'documents',
      key: { workspace_id: '${workspace}', document_id: '${document}' },
      dependsOn: [{ kind: 'workspace', by: 'key', onDelete: { set: { wanted: 'removed' } } }],
    },
  },
});
