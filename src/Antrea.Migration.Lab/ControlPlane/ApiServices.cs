namespace Antrea.Migration.Lab.ControlPlane;

/// <summary>What request handlers share.</summary>
/// <param name="Store">The objects.</param>
/// <param name="Catalog">The kinds.</param>
/// <param name="Executor">Carries out <c>pods/exec</c>.</param>
/// <param name="Time">The cluster's clock.</param>
/// <param name="Options">How the control plane was set up.</param>
/// <param name="Stopping">Cancelled when the server stops.</param>
internal sealed record ApiServices(
    ObjectStore Store,
    ResourceCatalog Catalog,
    IPodExecutor Executor,
    TimeProvider Time,
    LabControlPlaneOptions Options,
    CancellationToken Stopping);
