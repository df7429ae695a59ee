namespace Antrea.Migration.Lab.ControlPlane.Real;

/// <summary>The command lines of a control plane's programs, for Kubernetes 1.20 and newer.</summary>
internal static class ControlPlaneArguments
{
    /// <summary>etcd for a lab: one member, TLS towards its one client, nothing forced onto the disk.</summary>
    public static IEnumerable<string> Etcd(ControlPlaneFolder folder, int port) =>
    [
        $"--data-dir={folder.File("etcd")}",
        "--unsafe-no-fsync",
        $"--listen-client-urls=https://127.0.0.1:{port}",
        $"--advertise-client-urls=https://127.0.0.1:{port}",
        "--listen-peer-urls=http://127.0.0.1:0",
        $"--cert-file={folder.File("server.crt")}",
        $"--key-file={folder.File("server.key")}",
        $"--trusted-ca-file={folder.File("ca.crt")}",
        "--client-cert-auth",
    ];

    /// <summary>The API server; it reaches kubelets as <c>localhost</c>, which is where hollow ones are.</summary>
    public static IEnumerable<string> ApiServer(ControlPlaneFolder folder, RealControlPlaneOptions options, int port, int etcdPort) =>
    [
        $"--etcd-servers=https://127.0.0.1:{etcdPort}",
        $"--etcd-cafile={folder.File("ca.crt")}",
        $"--etcd-certfile={folder.File("apiserver.crt")}",
        $"--etcd-keyfile={folder.File("apiserver.key")}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        "--endpoint-reconciler-type=none",
        $"--secure-port={port}",
        $"--tls-cert-file={folder.File("server.crt")}",
        $"--tls-private-key-file={folder.File("server.key")}",
        $"--client-ca-file={folder.File("ca.crt")}",
        $"--kubelet-certificate-authority={folder.File("ca.crt")}",
        $"--kubelet-client-certificate={folder.File("apiserver.crt")}",
        $"--kubelet-client-key={folder.File("apiserver.key")}",
        "--kubelet-preferred-address-types=InternalDNS",
        $"--service-account-key-file={folder.File("sa.pub")}",
        $"--service-account-signing-key-file={folder.File("sa.key")}",
        "--service-account-issuer=https://kubernetes.default.svc",
        $"--service-cluster-ip-range={options.ServiceCidr}",
        "--authorization-mode=Node,RBAC",
        "--allow-privileged=true",
    ];

    /// <summary>All controllers, each under its own service account; PodCIDRs of /24.</summary>
    public static IEnumerable<string> ControllerManager(
        ControlPlaneFolder folder, RealControlPlaneOptions options, Version version, int port) =>
    [
        .. Common(folder, "controller-manager.conf", version, port),
        "--use-service-account-credentials=true",
        $"--service-account-private-key-file={folder.File("sa.key")}",
        $"--root-ca-file={folder.File("ca.crt")}",
        "--allocate-node-cidrs=true",
        $"--cluster-cidr={options.PodSubnet}",
        "--node-cidr-mask-size=24",
        $"--service-cluster-ip-range={options.ServiceCidr}",
        "--kube-api-qps=500",
        "--kube-api-burst=1000",
    ];

    public static IEnumerable<string> Scheduler(ControlPlaneFolder folder, Version version, int port) =>
        Common(folder, "scheduler.conf", version, port);

    private static IEnumerable<string> Common(ControlPlaneFolder folder, string kubeconfig, Version version, int port) =>
    [
        $"--kubeconfig={folder.File(kubeconfig)}",
        $"--authentication-kubeconfig={folder.File(kubeconfig)}",
        $"--authorization-kubeconfig={folder.File(kubeconfig)}",
        $"--tls-cert-file={folder.File("server.crt")}",
        $"--tls-private-key-file={folder.File("server.key")}",
        "--bind-address=127.0.0.1",
        $"--secure-port={port}",
        "--leader-elect=false",

        // Before 1.22 there was a plain HTTP port as well, at a fixed number.
        .. (string[])(version < new Version(1, 22) ? ["--port=0"] : []),
    ];
}
