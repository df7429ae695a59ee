namespace Antrea.Migration.Kind;

/// <summary>The seed's workloads: an nginx on every worker behind a Service, and a client.</summary>
/// <remarks>The seed restarts 4 of its 20 servers at once. Of two that would be all, and a Service without endpoints does not even refuse: Calico's
/// chain accepts a Pod's packets before kube-proxy's REJECT is asked, so they leave the Node untranslated, to whoever answers out there.</remarks>
internal static class KindWorkloads
{
    /// <summary>The DaemonSet.</summary>
    public const string Servers = "nginx-ds";

    /// <summary>The Deployment.</summary>
    public const string Client = "client";

    /// <summary>The Service's address, in kind's own range: the seed's.</summary>
    public const string ServiceAddress = "10.96.117.185";

    /// <param name="image">The image of both.</param>
    /// <param name="namespace">Where they are.</param>
    /// <param name="serviceAddress">The Service's address.</param>
    /// <param name="tolerated">The keys of taints that do not keep them off.</param>
    public static string Render(string image, string @namespace, string serviceAddress, IEnumerable<string> tolerated)
    {
        var tolerations = $"[{string.Join(", ", tolerated.Select(k => $"{{key: '{k}', operator: Exists}}"))}]";
        return $$"""
            apiVersion: v1
            kind: Namespace
            metadata: {name: {{@namespace}} }
            ---
            apiVersion: apps/v1
            kind: DaemonSet
            metadata: {name: {{Servers}}, namespace: {{@namespace}} }
            spec:
              selector: {matchLabels: {app: {{Servers}} } }
              updateStrategy: {type: RollingUpdate, rollingUpdate: {maxUnavailable: 20%} }
              template:
                metadata: {labels: {app: {{Servers}} } }
                spec:
                  terminationGracePeriodSeconds: 1
                  tolerations: {{tolerations}}
                  containers:
                  - name: nginx
                    image: {{image}}
                    imagePullPolicy: IfNotPresent
                    command: [nginx, -g, "daemon off;"]
                    ports: [{containerPort: 80}]
                    readinessProbe: {httpGet: {path: /, port: 80}, periodSeconds: 1}
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: nginx-origin, namespace: {{@namespace}} }
            spec:
              clusterIP: {{serviceAddress}}
              selector: {app: {{Servers}} }
              ports: [{port: 80, protocol: TCP, targetPort: 80}]
            ---
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: {{Client}}, namespace: {{@namespace}} }
            spec:
              replicas: 1
              selector: {matchLabels: {app: {{Client}} } }
              template:
                metadata: {labels: {app: {{Client}} } }
                spec:
                  terminationGracePeriodSeconds: 1
                  tolerations: {{tolerations}}
                  containers:
                  - name: client
                    image: {{image}}
                    imagePullPolicy: IfNotPresent
                    command: [sleep, "2147483647"]

            """;
    }
}
