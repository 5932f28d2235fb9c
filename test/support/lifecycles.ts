/** Public schemas as lifecycles: what each needs, and what becomes of it today. */
import type { Lifecycle } from '../../lib/lifecycle/declaration.ts';
import type { RefusalCode } from '../../lib/lifecycle/refusals.ts';

export interface PublicSchema {
  readonly lifecycle: Lifecycle;
  /** Why it is refused; empty: it is planned. */
  readonly refused: readonly RefusalCode[];
}

const byValue = (kind: string, at: string, onDelete: 'wait' | 'restrict' = 'wait') =>
  ({ kind, by: 'value', at, onDelete }) as const;

export const PUBLIC_SCHEMAS: Readonly<Record<string, PublicSchema>> = {
  'convox/rack: a release names the build that it is of': {
    lifecycle: {
      kinds: {
        build: { table: 'builds', key: { id: '${build}' } },
        release: { table: 'releases', key: { id: '${release}' }, dependsOn: [byValue('build', 'build', 'restrict')] },
      },
    },
    refused: [],
  },
  'Amplify: blogs, posts, comments, a table a model': {
    lifecycle: {
      kinds: {
        blog: { table: 'blog', key: { id: '${blog}' } },
        post: { table: 'post', key: { id: '${post}' }, dependsOn: [byValue('blog', 'blogPostsId')] },
        comment: { table: 'comment', key: { id: '${comment}' }, dependsOn: [byValue('post', 'postCommentsId')] },
      },
    },
    refused: [],
  },
  'awslabs/aws-saas-boost: a tier is kept while tenants are of it, a tenant while it is onboarded or has users': {
    lifecycle: {
      kinds: {
        tier: { table: 'tiers', key: { id: '${tier}' } },
        tenant: { table: 'tenants', key: { id: '${tenant}' }, dependsOn: [byValue('tier', 'tier', 'restrict')] },
        onboarding: {
          table: 'onboarding',
          key: { id: '${onboarding}' },
          dependsOn: [byValue('tenant', 'tenantId')],
          goneWhen: { at: 'status', isOneOf: ['deployed', 'failed'] },
        },
      },
    },
    refused: [],
  },
  'finos/htc-grid: tasks name the session that they are of, and stay when they are finished': {
    lifecycle: {
      kinds: {
        session: { table: 'sessions', key: { session_id: '${session}' } },
        task: {
          table: 'tasks',
          key: { task_id: '${task}' },
          dependsOn: [byValue('session', 'session_id')],
          goneWhen: { at: 'task_status', isOneOf: ['finished', 'cancelled', 'failed'] },
        },
      },
    },
    refused: [],
  },
  'jackstenglein/chess-dojo: a tree of directories, each with its owner in its key': {
    lifecycle: {
      kinds: {
        directory: {
          table: 'directories',
          key: { owner: '${owner}', id: '${directory}' },
          dependsOn: [byValue('directory', 'parent')],
        },
      },
    },
    refused: [],
  },
  'Flagsmith: identities name the environment that they are of': {
    lifecycle: {
      kinds: {
        environment: { table: 'environments', key: { api_key: '${environment}' } },
        identity: {
          table: 'identities',
          key: { composite_key: '${environment}_${identity}' },
          dependsOn: [byValue('environment', 'environment_api_key')],
        },
      },
    },
    refused: [],
  },
  'awslabs/service-workbench-on-aws: five levels, and environments that list the studies that they mount': {
    lifecycle: {
      kinds: {
        account: { table: 'awsAccounts', key: { id: '${account}' } },
        index: {
          table: 'indexes',
          key: { id: '${index}' },
          dependsOn: [byValue('account', 'awsAccountId', 'restrict')],
        },
        project: { table: 'projects', key: { id: '${project}' }, dependsOn: [byValue('index', 'indexId', 'restrict')] },
        study: { table: 'studies', key: { id: '${study}' }, dependsOn: [byValue('project', 'projectId')] },
        environment: {
          table: 'environmentsSc',
          key: { id: '${environment}' },
          dependsOn: [byValue('project', 'projectId', 'restrict'), byValue('study', 'studyIds[]')],
          goneWhen: { at: 'status', isOneOf: ['TERMINATED', 'FAILED'] },
        },
      },
    },
    refused: [],
  },
  'psantus/tasklist: users and lists of tasks, many to many by a table between': {
    lifecycle: {
      kinds: {
        user: { table: 'user', key: { id: '${user}' } },
        taskList: { table: 'taskList', key: { id: '${taskList}' } },
        task: { table: 'task', key: { id: '${task}' }, dependsOn: [byValue('taskList', 'taskListTasksId')] },
        usersTaskLists: {
          table: 'usersTaskLists',
          key: { id: '${usersTaskLists}' },
          dependsOn: [byValue('user', 'userID', 'restrict'), byValue('taskList', 'taskListID')],
        },
      },
    },
    refused: [],
  },
  'aws-samples/aws-genai-llm-chatbot, as it does it: children that are data': {
    lifecycle: {
      kinds: {
        workspace: { table: 'workspaces', key: { workspace_id: '${workspace}', object_type: 'workspace' } },
        document: {
          table: 'documents',
          key: { workspace_id: '${workspace}', document_id: '${document}' },
          dependsOn: [{ kind: 'workspace', by: 'key', onDelete: 'cascade' as 'wait' }],
        },
      },
    },
    refused: ['cascade'],
  },
  'aws-solutions/research-service-workbench: one table with prefixes': {
    lifecycle: {
      kinds: {
        project: { table: 'main', key: { pk: 'PROJ#${project}', sk: 'PROJ#${project}' } },
        environment: {
          table: 'main',
          key: { pk: 'ENV#${environment}', sk: 'ENV#${environment}' },
          dependsOn: [byValue('project', 'projectId', 'restrict')],
        },
      },
    },
    refused: ['sharedTable'],
  },
  'awslabs/performance-dashboard-on-aws: one table, and widgets under their dashboard': {
    lifecycle: {
      kinds: {
        topicArea: { table: 'main', key: { pk: 'TopicArea#${topicArea}', sk: 'TopicArea#${topicArea}' } },
        dashboard: {
          table: 'main',
          key: { pk: 'Dashboard#${dashboard}', sk: 'Dashboard#${dashboard}' },
          dependsOn: [byValue('topicArea', 'topicAreaId', 'restrict')],
        },
        widget: {
          table: 'main',
          key: { pk: 'Dashboard#${dashboard}', sk: 'Widget#${widget}' },
          dependsOn: [{ kind: 'dashboard', by: 'key' }],
        },
      },
    },
    refused: ['sharedTable'],
  },
  'aws-samples/sample-voice-of-customer-datalake: ten kinds of rows beside the META of their project': {
    lifecycle: {
      kinds: {
        project: { table: 'projects', key: { pk: 'PROJECT#${project}', sk: 'META' } },
        row: {
          table: 'projects',
          key: { pk: 'PROJECT#${project}', sk: '${row}' },
          dependsOn: [{ kind: 'project', by: 'key' }],
        },
      },
    },
    refused: ['sharedTable', 'bareTakesOthers'],
  },
};

/** Racks in zones in regions, all by one partition key: two parents by key, attributes of other names, and an end before the deletion. */
export const SITES: Lifecycle = {
  kinds: {
    region: { table: 'regions', key: { pk: 'R#${region}', sk: 'meta' } },
    zone: { table: 'zones', key: { pk: 'R#${region}', sk: 'Z#${zone}' }, dependsOn: [{ kind: 'region', by: 'key' }] },
    rack: {
      table: 'racks',
      key: { pk: 'R#${region}', sk: 'Z#${zone}#K#${rack}' },
      dependsOn: [
        { kind: 'zone', by: 'key' },
        { kind: 'region', by: 'key' },
        { kind: 'switch', by: 'value', at: ['uplink.id', 'spare'] },
      ],
      goneWhen: { at: 'state.now', isOneOf: ['scrapped'] },
    },
    switch: { table: 'switches', key: { id: '${switch}' } },
  },
  attributes: { pendingDelete: 'removing', markedAt: 'removingSince', protected: 'keep' },
};

/** A pool, and jobs that use it: while one does, its removal is refused. */
export const POOL_AND_JOBS = {
  pool: { table: 'pools', key: { id: '${pool}' } },
  job: {
    table: 'jobs',
    key: { id: '${job}' },
    dependsOn: [{ kind: 'pool', by: 'value', at: 'pool', onDelete: 'restrict' }],
  },
} as const;
