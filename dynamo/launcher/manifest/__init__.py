"""Write a plan as a DynamoGraphDeployment of Kubernetes: `action=manifest`.

The manifest runs Dynamo's own worker from NVIDIA's image with the same engine arguments, and a
frontend beside it. dynamo.launcher.importer reads such manifests back.
"""
