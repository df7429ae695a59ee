namespace Antrea.Migration.IntegrationTests.Kind;

/// <summary>The seed's workloads: an nginx on every worker behind a Service, and a client.</summary>
internal static class KindWorkloads
{
    public static string Text(string image, string serviceAddress) =>
        $$"""
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: {name: nginx-ds, namespace: default}
        spec:
          selector: {matchLabels: {app: nginx-ds} }
          updateStrategy: {type: RollingUpdate, rollingUpdate: {maxUnavailable: 4} }
          template:
            metadata: {labels: {app: nginx-ds} }
            spec:
              terminationGracePeriodSeconds: 1
              containers:
              - name: nginx
                image: {{image}}
                command: [nginx]
                ports: [{containerPort: 80}]
                readinessProbe: {httpGet: {path: /, port: 80}, periodSeconds: 1}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: nginx-origin, namespace: default}
        spec:
          clusterIP: {{serviceAddress}}
          selector: {app: nginx-ds}
          ports: [{port: 80, protocol: TCP, targetPort: 80}]
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: client, namespace: default}
        spec:
          replicas: 1
          selector: {matchLabels: {app: client} }
          template:
            metadata: {labels: {app: client} }
            spec:
              terminationGracePeriodSeconds: 1
              containers:
              - name: client
                image: {{image}}
                command: [sleep, "2147483647"]

        """;
}
