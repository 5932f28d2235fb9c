/**
 * Ideas of a hackathon, as an Amplify schema has them: a table for each model, with a key of its own, and the parents' ids in
 * attributes. Four levels: a hackathon goes after its categories and ideas, an idea after its comments.
 */
import { defineLifecycle } from '../../lib/lifecycle/define.ts';

export const IDEAS = defineLifecycle({
  kinds: {
    hackathon: { table: 'hackathons', key: { id: '${hackathon}' } },
    category: {
      table: 'categories',
      key: { id: '${category}' },
      dependsOn: [{ kind: 'hackathon', by: 'value', at: 'hackathonId' }],
    },
    idea: {
      table: 'ideas',
      key: { id: '${idea}' },
      dependsOn: [
        { kind: 'hackathon', by: 'value', at: 'hackathonId' },
        { kind: 'category', by: 'value', at: 'categoryId' },
      ],
    },
    comment: {
      table: 'comments',
      key: { id: '${comment}' },
      dependsOn: [{ kind: 'idea', by: 'value', at: 'ideaId' }],
    },
  },
});
