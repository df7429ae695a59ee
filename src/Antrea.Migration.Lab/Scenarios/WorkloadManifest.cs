namespace Antrea.Migration.Lab.Scenarios;

/// <summary>The seed's workloads: an nginx on every worker behind a Service, and a client.</summary>
internal static class WorkloadManifest
{
    // The address the seed's cluster gave its Service: 10.96.117.185.
    private const int ServiceIndex = (117 * 256) + 185;

    /// <summary>The servers; their Service has the seed's ClusterIP where the range has room for it.</summary>
    public static string Servers(LabClusterOptions options) => Template.Replace(
        "SERVICE_ADDRESS",
        (options.ServiceSubnet.AddressCount > ServiceIndex ? options.ServiceSubnet.AddressAt(ServiceIndex).ToString() : "null")
            + (options.PodSubnet6 is null ? "" : "\n  ipFamilyPolicy: PreferDualStack"),
        StringComparison.Ordinal);

    private const string Template =
        """
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: {name: nginx-ds, namespace: default, labels: {app: nginx-ds}}
        spec:
          selector: {matchLabels: {app: nginx-ds}}
          updateStrategy: {type: RollingUpdate}
          template:
            metadata:
              labels: {app: nginx-ds}
            spec:
              containers:
              - name: nginx
                image: nginx:1.25
                ports:
                - {containerPort: 80}
                - {containerPort: 9090}
                readinessProbe:
                  httpGet: {path: /, port: 80}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: nginx-origin, namespace: default}
        spec:
          clusterIP: SERVICE_ADDRESS
          selector: {app: nginx-ds}
          ports:
          - {port: 80, protocol: TCP, targetPort: 80}

        """;

    /// <summary>The client.</summary>
    public const string Client =
        """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: client, namespace: default, labels: {app: client}}
        spec:
          replicas: 1
          strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}
          selector: {matchLabels: {app: client}}
          template:
            metadata:
              labels: {app: client}
            spec:
              containers:
              - name: client
                image: client

        """;
}
